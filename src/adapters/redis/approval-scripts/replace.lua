--[[
Applies steps, each if its approval is still as it was when the step was computed.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV[1]  JSON array of steps (step.lua)

Returns an array: 1 for each step that was applied, 0 for the others.
]]
local applied = {}
for n, step in ipairs(cjson.decode(ARGV[1])) do
  if isCurrent(step) then
    apply(step)
    applied[n] = 1
  else
    applied[n] = 0
  end
end
return applied
