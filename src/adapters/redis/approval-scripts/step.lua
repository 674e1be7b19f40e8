--[[
Put before the scripts that change approvals. A step is a table:
  id       of the approval
  from     its stored state that the step was computed from; a step from any other state is not applied
  to       its state behind the step; absent: it is forgotten
  asked    what was asked, where the step shortens it
  removed  entries that leave the index
  added    entries that come into it
]]
local function isCurrent(step)
  return redis.call("HGET", KEYS[2], step.id) == step.from
end

-- Removes first: a full Redis refuses the first write of a script that takes memory, and none behind one that takes none.
local function apply(step)
  for _, entry in ipairs(step.removed) do
    redis.call("ZREM", KEYS[3], entry)
  end
  if step.to then
    redis.call("HSET", KEYS[2], step.id, step.to)
    if step.asked then
      redis.call("HSET", KEYS[1], step.id, step.asked)
    end
  else
    redis.call("HDEL", KEYS[2], step.id)
    redis.call("HDEL", KEYS[1], step.id)
  end
  for _, entry in ipairs(step.added) do
    redis.call("ZADD", KEYS[3], 0, entry)
  end
end
