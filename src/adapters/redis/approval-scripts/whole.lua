--[[
Put before every script. Answers "damaged", and does nothing else, when one of the keys is gone: what is left shows fewer
approvals than there are, opens a second one for an action that has one, and never expires what the index has lost.
]]
local askedCount, stateCount = redis.call("HLEN", KEYS[1]), redis.call("HLEN", KEYS[2])
if askedCount ~= stateCount or (redis.call("ZCARD", KEYS[3]) > 0) ~= (stateCount > 0) then
  return "damaged"
end
