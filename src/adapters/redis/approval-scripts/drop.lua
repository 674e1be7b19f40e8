--[[
Takes entries out of the index that fit their approvals no more, if these still are as they were when that was seen.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV[1]  JSON array of objects:
  entry
  id    of its approval
  from  its state; absent: it is unknown

Returns how many were there.
]]
local count = 0
for _, stray in ipairs(cjson.decode(ARGV[1])) do
  if (redis.call("HGET", KEYS[2], stray.id) or nil) == stray.from then
    count = count + redis.call("ZREM", KEYS[3], stray.entry)
  end
end
return count
