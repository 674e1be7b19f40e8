--[[
Counts a requester's approvals for one kind of action.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV[1]  JSON object:
  statuses  those to count
  action    what stands behind the status in the entries of the action
  repeats   what the entries of those begin with that are pending, right before the time
  until     the time now, as entries have it
  id        an approval that the caller wants to leave out

Returns an array: how many of each status, how many of the pending ones are due, and of `id` what was asked and the state,
both nil where it is unknown.
]]
local asked = cjson.decode(ARGV[1])
local function count(first, last)
  return redis.call("ZLEXCOUNT", KEYS[3], "[" .. first, "(" .. last .. "\255")
end

local counts = {}
for n, status in ipairs(asked.statuses) do
  local prefix = status .. ":" .. asked.action
  counts[n] = count(prefix, prefix)
end
table.insert(counts, count(asked.repeats, asked.repeats .. asked["until"] .. ":"))
table.insert(counts, redis.call("HGET", KEYS[1], asked.id))
table.insert(counts, redis.call("HGET", KEYS[2], asked.id))
return counts
