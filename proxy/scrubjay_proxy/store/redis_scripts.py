"""What has to happen at once in Redis, in Lua. No body passes through a script.

KEYS of each are a shard's rows, meta and ghosts; ARGV begins with the tag of the shard, the
channel of what is gone, and whether ghosts are kept. Other keys are made of that tag, so they lie
in the same slot. Every answer begins with (what happened, bytes used, objects held).
"""

from __future__ import annotations

from scrubjay_proxy.store.redis_link import Script

# `free` removes an object if it still is of that generation ("": of any); bytes freed, or -1.
_BOOKS = r"""
local rows, meta, ghosts = KEYS[1], KEYS[2], KEYS[3]
local tag, channel, remembers = ARGV[1], ARGV[2], ARGV[3] == '1'
local gone = ''
local function blocks_of(record)
  local keys = {}
  for n = 1, struct.unpack('>H', record, 9) do
    keys[n] = tag .. 'b' .. record:sub(1, 8) .. struct.pack('>H', n - 1)
  end
  return keys
end
local function size_of(record) return struct.unpack('<d', record, 27) end
local function base_of(id, record) return #record > 74 and record:sub(75) or id end
local function unlist(base, id)
  local key, kept = tag .. 'v' .. base, ''
  local ids = redis.call('GET', key) or ''
  for at = 1, #ids, 8 do
    if ids:sub(at, at + 7) ~= id then kept = kept .. ids:sub(at, at + 7) end
  end
  if kept == '' then redis.call('DEL', key) else redis.call('SET', key, kept) end
end
local function list(base, id)
  local key = tag .. 'v' .. base
  local ids = redis.call('GET', key) or ''
  for at = 1, #ids, 8 do
    if ids:sub(at, at + 7) == id then return ids end
  end
  redis.call('APPEND', key, id)
  return ids .. id
end
local function free(id, generation, listed)
  local record = redis.call('HGET', rows, id)
  if not record or generation ~= '' and record:sub(1, 8) ~= generation then return -1 end
  local base, size = base_of(id, record), size_of(record)
  redis.call('HDEL', rows, id)
  redis.call('UNLINK', tag .. 'o' .. id)
  for _, key in ipairs(blocks_of(record)) do redis.call('UNLINK', key) end
  if base ~= id and not listed then unlist(base, id) end
  redis.call('HINCRBY', meta, 'used', -size)
  gone = gone .. id
  if base ~= id then gone = gone .. base end
  return size, record
end
local function fitting(old, size, capacity, most)
  local used = tonumber(redis.call('HGET', meta, 'used') or 0)
  if old then return used - size_of(old) + size <= capacity end
  return used + size <= capacity and redis.call('HLEN', rows) < most
end
local function remember(id, row)
  if not remembers then return end
  redis.call('HSET', ghosts, id, row)
  if redis.call('HLEN', ghosts) > math.max(64, redis.call('HLEN', rows)) then
    redis.call('HDEL', ghosts, unpack(redis.call('HRANDFIELD', ghosts, 2)))
  end
end
local function told(...)
  if gone ~= '' then redis.call('PUBLISH', channel, gone) end
  local used = tonumber(redis.call('HGET', meta, 'used') or 0)
  return {select(1, ...), used, redis.call('HLEN', rows), select(2, ...)}
end
"""

# id, size, capacity, objects, candidates.
# -> look, ..., record of that id, its ghost, candidates with their records where room is needed
LOOK = Script(
    "look",
    _BOOKS
    + r"""
local old = redis.call('HGET', rows, ARGV[4])
local ghost = not old and remembers and redis.call('HGET', ghosts, ARGV[4])
local fits = fitting(old, tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
local sample = fits and {} or redis.call('HRANDFIELD', rows, ARGV[8], 'WITHVALUES')
return told('look', old or '', ghost or '', sample)
""",
)

# id, record, capacity, objects, candidates, variants; pairs of victim and generation.
# -> done | again | lost, ..., [bytes or -1 by victim], bytes of an older variant or -1, candidates
PUBLISH = Script(
    "publish",
    _BOOKS
    + r"""
local id, record, freed, replaced = ARGV[4], ARGV[5], {}, -1
for at = 10, #ARGV, 2 do
  local bytes, victim = free(ARGV[at], ARGV[at + 1])
  freed[#freed + 1] = bytes
  if victim then remember(ARGV[at], victim:sub(11, 74)) end
end
local old, base, size = redis.call('HGET', rows, id), base_of(id, record), size_of(record)
if not fitting(old, size, tonumber(ARGV[6]), tonumber(ARGV[7])) then
  return told('again', freed, -1, redis.call('HRANDFIELD', rows, ARGV[8], 'WITHVALUES'))
end
local coming, whole = blocks_of(record), true
coming[#coming + 1] = tag .. 't' .. record:sub(1, 8)
for _, key in ipairs(coming) do whole = redis.call('PERSIST', key) == 1 and whole end
if not whole then
  for _, key in ipairs(coming) do redis.call('UNLINK', key) end
  return told('lost', freed, -1, {})
end
if old then free(id, '', base_of(id, old) == base) end
redis.call('RENAME', coming[#coming], tag .. 'o' .. id)
redis.call('HSET', rows, id, record)
redis.call('HDEL', ghosts, id)
redis.call('HINCRBY', meta, 'used', size)
if base ~= id then
  local ids = list(base, id)
  if #ids > 8 * tonumber(ARGV[9]) then replaced = free(ids:sub(1, 8), '') end
end
-- Whoever knows other variants of that key does not know this one.
if base ~= id or redis.call('EXISTS', tag .. 'v' .. base) == 1 then gone = gone .. base end
return told('done', freed, replaced, {})
""",
)

# id, row of what the policy refused: what is held of it goes too.
REFUSE = Script(
    "refuse",
    _BOOKS
    + r"""
local freed = free(ARGV[4], '')
remember(ARGV[4], ARGV[5])
return told('done', freed)
""",
)

# Pairs of id and generation. -> done, ..., [bytes freed or -1]
REMOVE = Script(
    "remove",
    _BOOKS
    + r"""
local freed = {}
for at = 4, #ARGV, 2 do freed[#freed + 1] = free(ARGV[at], ARGV[at + 1]) end
return told('done', freed)
""",
)

# id, generation, where in the record the lifetime stands, its bytes, key of what replaces the
# object. -> done | gone
RENEW = Script(
    "renew",
    _BOOKS
    + r"""
local id, generation, at, expires = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local record, coming = redis.call('HGET', rows, id), ARGV[8]
local is = record and record:sub(1, 8) == generation and redis.call('PERSIST', coming) == 1
if not is then
  redis.call('UNLINK', coming)
  return told('gone')
end
redis.call('RENAME', coming, tag .. 'o' .. id)
record = record:sub(1, at) .. expires .. record:sub(at + #expires + 1)
redis.call('HSET', rows, id, record)
gone = base_of(id, record) == id and id or id .. base_of(id, record)
return told('done')
""",
)

# Requests seen since the last time, the clock of who asks; by how much its inflation changed since,
# and what it is there. What was lost with a server is as they say.
# -> done, ..., clock, inflation
BEAT = Script(
    "beat",
    _BOOKS
    + r"""
local before = tonumber(redis.call('HGET', meta, 'clock') or 0)
local clock = math.max(before + tonumber(ARGV[4]), tonumber(ARGV[5]))
if clock ~= before then redis.call('HSET', meta, 'clock', string.format('%.0f', clock)) end
local inflation = redis.call('HGET', meta, 'inflation')
if not inflation or tonumber(ARGV[6]) ~= 0 then
  inflation = string.format('%.17g', inflation and inflation + ARGV[6] or tonumber(ARGV[7]))
  redis.call('HSET', meta, 'inflation', inflation)
end
return told('done', clock, inflation)
""",
)

# Inflation; of each object: id, generation, end of its lifetime, requests, the last one's time, the
# gap before it and the one before that. Adds them to the rows as Judge.hit does one by one; what is
# older than a row's last request only counts.
# -> done, ..., ids that are gone or not what they were, rows before or "" for what is gone
TOUCH = Script(
    "touch",
    _BOOKS
    + r"""
local inflation, strange, before = struct.pack('<d', ARGV[4]), '', {}
for n = 5, #ARGV do
  local id, generation, expires, count, last, gap, gap2 = struct.unpack('<c8c8c8dddd', ARGV[n])
  local record = redis.call('HGET', rows, id)
  local same = record and record:sub(1, 8) == generation
  if not same or record:sub(11, 18) ~= expires then strange = strange .. id end
  if same then
    local seen, stay, life, gap1, older, hits, all = struct.unpack('<dffffff', record, 35)
    local span = last - seen
    if span >= 0 then
      if count == 1 then gap1, older = span, gap1
      elseif count == 2 then gap1, older = gap, math.max(0, span - gap)
      else gap1, older = gap, gap2 end
      seen, stay, life = last, stay + span, life + span
    end
    local past = struct.pack('<dffffff', seen, stay, life, gap1, older, hits + count, all + count)
    local head, size = record:sub(1, 18), record:sub(27, 34)
    redis.call('HSET', rows, id, head .. inflation .. size .. past .. record:sub(67))
  end
  before[#before + 1] = same and record:sub(11, 74) or ''
end
return told('done', strange, before)
""",
)
