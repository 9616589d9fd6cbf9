-- What may be shown. Texts of a server, of libcurl or of the operating system
-- pass through here before they enter an error: secrets are taken out first
-- (while they are still whole), then what could disturb a terminal or a log,
-- and only then is the text shortened.

local json = require "twitter.json"
local unicode = require "twitter.unicode"

local find, gsub, format, sub = string.find, string.gsub, string.format,
  string.sub

local MARK = "[redacted]"
local SHORTEST = 6          -- shorter values would tear ordinary words apart
local MAX_TEXT = 1024       -- bytes of one text inside an error
local MAX_EXAMINED = 8192   -- bytes of a text that are looked at closely
local MAX_DEPTH = 6         -- tables inside tables
local MAX_ITEMS = 100       -- values in one table

local redact = {}

-- Names whose values are secret, in forms, URLs and decoded bodies alike.
local secret_names = {
  "access_token", "bearer_token", "client_secret", "code_verifier",
  "id_token", "oauth_consumer_secret", "oauth_signature", "oauth_token",
  "oauth_token_secret", "oauth_verifier", "refresh_token",
}

local is_secret_name = {}
for _, name in ipairs(secret_names) do is_secret_name[name] = true end


local function percent_encoded(text, digits)
  return (gsub(text, "[^%w_.~-]", function(character)
    return format(digits, character:byte())
  end))
end


-- Every spelling of the secrets, longest first: a secret may begin with
-- another, and its tail must not stay behind.
local function spellings(secrets)
  local list, seen = {}, {}
  local function add(text)
    if #text >= SHORTEST and not seen[text] then
      seen[text] = true
      list[#list + 1] = text
    end
  end
  for _, secret in ipairs(secrets) do
    if type(secret) == "string" and #secret >= SHORTEST then
      add(secret)
      add(percent_encoded(secret, "%%%02X"))
      add(percent_encoded(secret, "%%%02x"))
      add((gsub(secret, "/", "\\/")))  -- as JSON may write it
    end
  end
  table.sort(list, function(a, b) return #a > #b end)
  return list
end


--- Works the spellings of secrets out once, for many texts.
---@param secrets? string[]
---@return table? prepared to be passed wherever secrets are
function redact.prepare(secrets)
  if not secrets or secrets.spellings then return secrets end
  return { spellings = spellings(secrets) }
end


local function replace_plain(text, wanted)
  local first, last = find(text, wanted, 1, true)
  if not first then return text end
  local parts, from = {}, 1
  while first do
    parts[#parts + 1] = sub(text, from, first - 1)
    from = last + 1
    first, last = find(text, wanted, from, true)
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts, MARK)
end


-- `name=value`, and `"name": "value"` with its quotes escaped or not. A name
-- and a colon without a quote are prose.
local function hide_named(text)
  for _, name in ipairs(secret_names) do
    if find(text, name, 1, true) then
      text = gsub(text, "(" .. name .. "=[\"']?)[^%s&\"',;]+", "%1" .. MARK)
      text = gsub(text, "(" .. name .. "\\?[\"']%s*:%s*\\?[\"'])[^\"'\\]+",
        "%1" .. MARK)
    end
  end
  return text
end


-- "Bearer token was refused" is prose; a real credential is longer.
local function hide_credential(scheme, value)
  if #value >= 16 then return scheme .. MARK end
end


-- What gives itself away by its shape, whoever it belongs to.
local function hide_known_shapes(text)
  if find(text, "[=:]") then
    text = hide_named(text)
    text = gsub(text, "([?&]code=)[^&%s\"']+", "%1" .. MARK)
    text = gsub(text, "([?&]state=)[^&%s\"']+", "%1" .. MARK)
    text = gsub(text, "://[^/@%s]*@", "://" .. MARK .. "@")
  end
  text = gsub(text, "([Bb]earer%s+)([%w%%+/=._~-]+)", hide_credential)
  return (gsub(text, "([Bb]asic%s+)([%w+/]+=*)", hide_credential))
end


--- Replaces every occurrence of a secret (as it is, percent-encoded, or as
--- JSON escapes it) by "[redacted]". Secrets under 6 bytes are left alone.
---@param text string
---@param secrets? string[]
---@return string
function redact.secrets(text, secrets)
  if not secrets then return text end
  for _, spelling in ipairs(secrets.spellings or spellings(secrets)) do
    text = replace_plain(text, spelling)
  end
  return text
end


-- Control characters (C0, DEL, and C1, which begin with C2 in UTF-8) and
-- the marks that break lines or turn the direction of writing.
local function harmless(text)
  text = gsub(unicode.repair(text), "%c+", " ")
  text = gsub(text, "\194[\128-\159]", " ")
  text = gsub(text, "\226\128[\168-\174]", " ")
  text = gsub(text, "\226\129[\166-\169]", " ")
  return text
end


--- Makes a text fit for an error: one line, no secrets, no control
--- characters, valid UTF-8, bounded length.
---@param text string
---@param secrets? string[]
---@param limit? integer bytes (1024)
---@return string
function redact.text(text, secrets, limit)
  text = sub(redact.secrets(text, secrets), 1, MAX_EXAMINED)
  text = hide_known_shapes(text)
  text = gsub(harmless(text), "  +", " ")
  text = gsub(gsub(text, "^ ", ""), " $", "")
  return unicode.cut(text, limit or MAX_TEXT)
end


local clean

local function clean_member(name, value, secrets, depth)
  if is_secret_name[name] then return MARK end
  return clean(value, secrets, depth)
end


-- Null and what is nested too deeply is left out, so lists close up.
local function clean_table(value, secrets, depth)
  if depth > MAX_DEPTH then return nil end
  local copy, count = {}, 0
  for _, item in ipairs(value) do
    if count == MAX_ITEMS then break end
    local cleaned = clean(item, secrets, depth)
    if cleaned ~= nil then
      count = count + 1
      copy[count] = cleaned
    end
  end
  for name, item in next, value do
    if type(name) == "string" and count < MAX_ITEMS then
      copy[redact.text(name, secrets)] =
        clean_member(name, item, secrets, depth)
      count = count + 1
    end
  end
  return copy
end


function clean(value, secrets, depth)
  local kind = type(value)
  if kind == "string" then return redact.text(value, secrets) end
  if kind == "table" then return clean_table(value, secrets, depth + 1) end
  if value == json.null then return nil end
  if kind == "number" or kind == "boolean" then return value end
  return nil
end


--- Copies a decoded value with every text in it made fit for an error.
--- Null, functions and userdata are left out, and so is what lies too deep.
---@param value any
---@param secrets? string[]
---@return any
function redact.value(value, secrets)
  return clean(value, secrets, 0)
end


--- Copies response headers. Cookies are left out.
---@param headers? table names in lower case to a value or a list of values
---@param secrets? string[]
---@return table
function redact.headers(headers, secrets)
  local copy = {}
  for name, value in next, headers or {} do
    if type(name) == "string" and name ~= "set-cookie" then
      copy[name] = clean_member(name, value, secrets, 0)
    end
  end
  return copy
end


return redact
