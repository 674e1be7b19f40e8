--[[
Reads approvals by their ids, all as they are at one moment.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV     ids

Returns an array: for each id what was asked and the state, both nil for an unknown id.
]]
local found = {}
for n, id in ipairs(ARGV) do
  found[2 * n - 1] = redis.call("HGET", KEYS[1], id)
  found[2 * n] = redis.call("HGET", KEYS[2], id)
end
return found
