-- Named locks, by this server's clock. Each call is one step for all that it names.
-- KEYS: owners (name -> owner), expiries (name -> expires at), tokens (name -> token; stays when a lock is given back)
-- ARGV: what, owner, time to live, then the names
local owners, expiries, tokens = unpack(KEYS)
local what, owner, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answers = {}

local function holder(name)
  local held_by = redis.call('HGET', owners, name)
  local expires = tonumber(redis.call('ZSCORE', expiries, name) or 0)
  return held_by, expires
end

local function forget(name)
  redis.call('HDEL', owners, name)
  redis.call('ZREM', expiries, name)
end

for index = 4, #ARGV do
  local name = ARGV[index]
  local held_by, expires = holder(name)
  local mine = held_by == owner
  if what == 'acquire' then
    if mine or not held_by or expires <= now then
      local token = tonumber(redis.call('HGET', tokens, name) or 0)
      if not mine then
        -- The time as the least: a token still grows after this server lost what it knew.
        token = math.max(token + 1, now)
        redis.call('HSET', tokens, name, string.format('%.0f', token))
        redis.call('HSET', owners, name, owner)
      end
      redis.call('ZADD', expiries, now + ttl, name)
      answers[#answers + 1] = {name, owner, 0, string.format('%.0f', token)}
    else
      answers[#answers + 1] = {name, held_by, string.format('%.0f', expires), ''}
    end
  elseif what == 'renew' then
    if mine then
      redis.call('ZADD', expiries, now + ttl, name)
      answers[#answers + 1] = name
    end
  elseif what == 'release' then
    if mine then forget(name) end
  elseif what == 'force' then
    if held_by and expires > now then
      answers[#answers + 1] = {name, held_by, string.format('%.0f', expires), ''}
    end
    forget(name)
  end
end
if what == 'held' then
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', expiries, '(' .. string.format('%.0f', now), '+inf')) do
    local held_by, expires = holder(name)
    answers[#answers + 1] = {name, held_by, string.format('%.0f', expires), ''}
  end
end
return answers
