--[[
Expires those of a requester that are due, and opens an approval unless there is one for the same action, or no room.
Everything or nothing: one call tells of all of it.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV[1]  JSON object:
  requester   what the entries of the requester's pending approvals begin with
  places      what the entries of the requester's cancelled approvals begin with, right before until when they keep a place
  digest      what the entry of the action's pending approval begins with
  until       the time now, as entries have it
  pendingMax  places that the requester has
  expiries    steps (step.lua) of all of the requester's that are due
  id, asked, state, added  the new approval and its entries

Returns an array:
  "due", asked, state, asked, state, ...  these are due, and `expiries` are not just their steps; nothing was changed
  "conflict"                              the id exists; nothing was changed
  "existing", asked, state
  "queue_full", how many places are taken
  "opened"
]]
local opening = cjson.decode(ARGV[1])
local first = "[" .. opening.requester
local due = redis.call("ZRANGEBYLEX", KEYS[3], first, "(" .. opening.requester .. opening["until"] .. ":\255")

local expiries = {}
local isFit = #due == #opening.expiries
for _, step in ipairs(opening.expiries) do
  expiries[step.id] = step
  isFit = isFit and isCurrent(step)
end
local dueIds = {}
for n, entry in ipairs(due) do
  dueIds[n] = string.sub(entry, #opening.requester + #opening["until"] + 2)
  isFit = isFit and expiries[dueIds[n]] ~= nil
end
if not isFit then
  local answer = { "due" }
  for _, id in ipairs(dueIds) do
    table.insert(answer, redis.call("HGET", KEYS[1], id))
    table.insert(answer, redis.call("HGET", KEYS[2], id))
  end
  return answer
end

local function expireAll()
  for _, step in ipairs(opening.expiries) do
    apply(step)
  end
end

local same = redis.call("ZRANGEBYLEX", KEYS[3], "[" .. opening.digest, "(" .. opening.digest .. "\255")
for _, entry in ipairs(same) do
  local id = string.sub(entry, #opening.digest + 1)
  if not expiries[id] then
    expireAll()
    return { "existing", redis.call("HGET", KEYS[1], id), redis.call("HGET", KEYS[2], id) }
  end
end

local pending = redis.call("ZLEXCOUNT", KEYS[3], first, "(" .. opening.requester .. "\255") - #due
local behind = "(" .. opening.places .. opening["until"] .. ":\255"
local taken = pending + redis.call("ZLEXCOUNT", KEYS[3], behind, "(" .. opening.places .. "\255")
if taken >= opening.pendingMax then
  expireAll()
  return { "queue_full", taken }
end

if redis.call("HEXISTS", KEYS[1], opening.id) == 1 then
  return { "conflict" }
end
-- First of all: a full Redis refuses it here, and then nothing was changed.
redis.call("HSET", KEYS[1], opening.id, opening.asked)
expireAll()
apply({ id = opening.id, to = opening.state, removed = {}, added = opening.added })
return { "opened" }
