--[[
Reads the approvals that are first in time along one kind of entry.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV[1]  what the entries begin with, right before the time
ARGV[2]  the last time that is meant, as entries have it
ARGV[3]  how many at most

Returns an array: for each approval the entry, what was asked and the state; the last two nil where it is unknown.
]]
local last = "(" .. ARGV[1] .. ARGV[2] .. ":\255"
local found = {}
for _, entry in ipairs(redis.call("ZRANGEBYLEX", KEYS[3], "[" .. ARGV[1], last, "LIMIT", 0, ARGV[3])) do
  local id = string.sub(entry, #ARGV[1] + #ARGV[2] + 2)
  table.insert(found, entry)
  table.insert(found, redis.call("HGET", KEYS[1], id))
  table.insert(found, redis.call("HGET", KEYS[2], id))
end
return found
