-- The row `sign`: what one OAuth 1.0a header costs when it is asked for from
-- Lua, with a nonce and the time of day, beside the one-shot HMAC of the same
-- base string in C (sign.c). The two take turns and medians are compared.
--
--   lua5.4 spec/bench/sign.lua build/bench/sign
--   -> row, ours, limit, unit, ratio, goal

local core = require "twitter.core"

local GOAL = 0.8
local ROUNDS = 15
local COUNT = 60000
local METHOD, URL = "POST", "https://api.x.com/2/tweets"

local consumer_secret = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"
local token_secret = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"
local signer = core.signer("xvz1evFS4wEEPTGEFPHBog", consumer_secret,
  "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", token_secret)

-- A fixed nonce and time, so that both sides can be seen to sign the same.
local same = { nonce = ("n"):rep(43), timestamp = 1318622958 }
local base_string = signer:base_string(METHOD, URL, nil, same)
local signature = signer:signature(METHOD, URL, nil, same)

local program = arg[1] or "build/bench/sign"
local command = ("%s '%s&%s' '%s' %d"):format(program, consumer_secret,
  token_secret, base_string, COUNT)

local function limit()
  local pipe = assert(io.popen(command))
  local time, signed = pipe:read("*l"):match("^(%S+) (%S+)$")
  pipe:close()
  assert(signed == signature, "the two sides do not sign the same")
  return tonumber(time)
end

local function ours()
  local start = os.clock()
  for _ = 1, COUNT do
    signer:header(METHOD, URL)
  end
  return (os.clock() - start) * 1e9 / COUNT
end

local function median(list)
  table.sort(list)
  return list[math.floor(#list / 2) + 1]
end

ours()
local our_times, limit_times = {}, {}
for round = 1, ROUNDS do
  our_times[round] = ours()
  limit_times[round] = limit()
end
local mine, best = median(our_times), median(limit_times)
print(("sign\t%.0f\t%.0f\tns\t%.2f\t<= %.1f"):format(mine, best, mine / best,
  GOAL))
