--[[
Finds the newest ids along the shortest of some lists, unless an approval is due: a list shows none as pending that is.

KEYS[1]  hash: id -> what was asked, which changes only together with the state
KEYS[2]  hash: id -> state
KEYS[3]  sorted set: index
ARGV[1]  JSON object:
  due       what the entries of those begin with that are pending, right before the time
  until     the time now, as entries have it
  statuses  those that are meant
  lists     what stands behind the status in the entries of each list
  before    only smaller ids than this one; absent: all
  count     how many at most, of each status

Returns "due", or an array of ids: of each status those that are largest in byte order, descending.
]]
local query = cjson.decode(ARGV[1])
local last = "(" .. query.due .. query["until"] .. ":\255"
if #redis.call("ZRANGEBYLEX", KEYS[3], "[" .. query.due, last, "LIMIT", 0, 1) > 0 then
  return "due"
end

local function lengthOf(list)
  local length = 0
  for _, status in ipairs(query.statuses) do
    local prefix = status .. ":" .. list
    length = length + redis.call("ZLEXCOUNT", KEYS[3], "[" .. prefix, "(" .. prefix .. "\255")
  end
  return length
end

local shortest = query.lists[1]
if #query.lists > 1 then
  local length = lengthOf(shortest)
  for n = 2, #query.lists do
    local other = lengthOf(query.lists[n])
    if other < length then
      shortest, length = query.lists[n], other
    end
  end
end

local ids = {}
for _, status in ipairs(query.statuses) do
  local prefix = status .. ":" .. shortest
  local max = "(" .. prefix .. (query.before or "\255")
  for _, entry in ipairs(redis.call("ZREVRANGEBYLEX", KEYS[3], max, "[" .. prefix, "LIMIT", 0, query.count)) do
    table.insert(ids, string.sub(entry, #prefix + 1))
  end
end
return ids
