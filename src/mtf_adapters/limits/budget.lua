-- One bucket's budget for all processes, by this server's clock. The same rules as window.py:
-- a slot is taken at the grant and free a window after the answer.
-- KEYS: slots (call -> free at), waiting (call -> priority and ticket), seen (call -> when), ticket, paused, banned
-- ARGV: what, call, then what each needs. Returns milliseconds to wait, 0: granted or done.
local slots, waiting, seen, ticket, paused, banned = unpack(KEYS)
local what, call = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local SEEN_FOR, IN_FLIGHT_LOOK, FORGET = 2000, 20, 600000

local function forget_waiter(id)
  redis.call('ZREM', waiting, id)
  redis.call('ZREM', seen, id)
end

if what == 'answered' then
  redis.call('ZADD', slots, 'XX', now + tonumber(ARGV[3]), call)
  return 0
end
if what == 'back' then
  redis.call('ZREM', slots, call)
  forget_waiter(call)
  return 0
end
if what == 'took' then
  -- An exit that went by its process's own budget: it counts all the same.
  forget_waiter(call)
  redis.call('ZADD', slots, now + tonumber(ARGV[3]), call)
  redis.call('PEXPIRE', slots, FORGET)
  return 0
end
if what == 'pause' or what == 'ban' then
  local key = what == 'pause' and paused or banned
  local pause = tonumber(ARGV[3])
  if pause > math.max(0, redis.call('PTTL', key)) then
    redis.call('SET', key, 1, 'PX', pause)
  end
  return 0
end

redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
if what == 'counted' then
  -- What others used, without this budget, counts as if it were ours.
  local lacking = tonumber(ARGV[3]) - redis.call('ZCARD', slots)
  for number = 1, lacking do
    redis.call('ZADD', slots, now + tonumber(ARGV[4]), 'other:' .. now .. ':' .. number)
  end
  redis.call('PEXPIRE', slots, FORGET)
  return 0
end

-- ask: priority, the most that it may use, the longest life of a call
local priority, most, longest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - SEEN_FOR)) do
  forget_waiter(id)
end
local rank = redis.call('ZRANK', waiting, call)
if not rank then
  redis.call('ZADD', waiting, priority * 1e13 + redis.call('INCR', ticket), call)
  rank = redis.call('ZRANK', waiting, call)
end
redis.call('ZADD', seen, now, call)
for _, key in ipairs({slots, waiting, seen, ticket}) do
  redis.call('PEXPIRE', key, FORGET)
end
local pause = math.max(0, redis.call('PTTL', paused))
if priority > 0 then
  pause = math.max(pause, redis.call('PTTL', banned))
end
local lacking = redis.call('ZCARD', slots) + rank - most
if lacking < 0 and pause == 0 then
  forget_waiter(call)
  redis.call('ZADD', slots, now + longest, call)
  return 0
end
local wait = IN_FLIGHT_LOOK
if lacking >= 0 then
  local slot = redis.call('ZRANGE', slots, lacking, lacking, 'WITHSCORES')
  if slot[2] and tonumber(slot[2]) - now < longest / 2 then
    wait = tonumber(slot[2]) - now
  end
end
return math.max(1, wait, pause)
