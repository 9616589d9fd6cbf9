-- Links inside a post's text, found the way X finds them: with a protocol, or
-- without one when the domain ends in a known top-level domain. The list of
-- those is the common part only, so rare ones need their protocol.

local links = {}

local LABEL_LIMIT, URL_LIMIT, SHORT_LIMIT = 63, 4096, 40

local DOMAINS = {}
for name in ([[
  ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi
  bj bm bn bo br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu
  cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga
  gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id
  ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la
  lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms
  mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph
  pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk
  sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt
  tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
  aero app art arpa asia associates bank bar best bid bio biz blog cafe camp
  care cat center chat city cloud club code codes com community company coop
  dance design dev digital direct earth edu education email energy events
  expert express family fans farm film finance fit foundation fun fund games
  gallery global gold gov group guide guru health help host house icu inc
  info ink institute int international jobs land law legal life link live
  lol ltd market marketing media men mil mobi moe money movie museum name net
  network news ninja one online org page party photo photos pics pictures
  pink plus post press pro productions pub radio recipes report rest review
  reviews rocks run sale school science services shop show site social
  software solutions space store stream studio style support systems tech
  technology tel tips today tools top town toys trade training travel tube
  university vip video vision vote watch website wiki win wine work works
  world wtf xin xyz zone
]]):gmatch("%a+") do
  DOMAINS[name] = true
end

-- Bytes of letters beyond ASCII, for domains and paths. Punctuation of the
-- blocks U+2000 to U+206F and U+3000 to U+303F ends a label.
local function letter_end(text, place)
  local first, second = text:byte(place, place + 1)
  if not first or first < 0xC3 then return nil end
  if first == 0xE2 and (second == 0x80 or second == 0x81) then return nil end
  if first == 0xE3 and second == 0x80 then return nil end
  if first == 0xEF and second and second >= 0xBC then return nil end
  local last = text:match("^[\195-\244][\128-\191]+()", place)
  return last
end


-- The place after a run of label characters.
local function label_end(text, place, ascii_only)
  local start = place
  while true do
    local after = text:match("^[%w_-]+()", place)
      or not ascii_only and letter_end(text, place)
    if not after then break end
    place = after
  end
  return place > start and place or nil
end


-- Labels of a possible domain: their first and past-the-last places.
local function read_labels(text, place, ascii_only)
  local labels = {}
  while true do
    local after = label_end(text, place, ascii_only)
    if not after then break end
    labels[#labels + 1] = { place, after }
    if text:sub(after, after) ~= "." then break end
    place = after + 1
  end
  return labels
end


-- The place after a top-level domain inside a label, or nil.
local function top_level_end(text, label, known_only)
  local puny = text:match("^[Xx][Nn]%-%-[%w-]+()", label[1])
  if puny then return puny end
  local name, after = text:match("^(%a+)()", label[1])
  if not name or #name < 2 then return nil end
  if text:find("^[%w@+-]", after) then return nil end
  if known_only and not DOMAINS[name:lower()] then return nil end
  return after
end


local function label_is_sound(text, label)
  local size = label[2] - label[1]
  return size <= LABEL_LIMIT
    and not text:find("^[_-]", label[1])
    and not text:find("^[_-]", label[2] - 1)
end


-- The place after the longest domain that starts at `place`, or nil.
local function domain_end(text, place, bare)
  local labels = read_labels(text, place, bare)
  local sound = 0
  while labels[sound + 1] and label_is_sound(text, labels[sound + 1]) do
    sound = sound + 1
  end
  if bare and sound < #labels and labels[sound + 1]
    and labels[sound + 1][2] - labels[sound + 1][1] > LABEL_LIMIT then
    return nil
  end
  for index = math.min(sound + 1, #labels), 2, -1 do
    local after = top_level_end(text, labels[index], bare)
    if after and index - 1 <= sound then return after end
  end
end


-- The place after a path: ends in a letter, digit, one of =_#/+- or a closed
-- bracket; trailing punctuation belongs to the sentence.
local function path_end(text, place)
  if text:sub(place, place) ~= "/" then return place end
  local stop = place
  while true do
    local after = text:match("^[%w!*'();:=+,.$/%%#%[%]_~@|&-]+()", stop)
      or letter_end(text, stop)
    if not after then break end
    stop = after
  end
  while stop > place + 1 do
    local last = text:sub(stop - 1, stop - 1)
    local inside = text:sub(place, stop - 1)
    local _, opened = inside:gsub("%(", "")
    local _, closed = inside:gsub("%)", "")
    if last:find("[%w=_#/+\128-\255-]") then break end
    if last == ")" and opened >= closed then break end
    stop = stop - 1
  end
  return stop
end


local function query_end(text, place)
  local stop = text:match("^%?[%w!?*'@();:&=+$/%%#%[%]_.,~|-]*()", place)
  if not stop then return place end
  while stop > place and not text:find("^[%w_&=#/-]", stop - 1) do
    stop = stop - 1
  end
  return stop
end


local function slug_is_sound(text, host_first, host_past)
  if text:sub(host_first, host_past - 1):lower() ~= "t.co" then return true end
  local slug = text:match("^/(%w+)", host_past)
  return not slug or #slug <= SHORT_LIMIT
end


-- May a link start after this character? Bytes beyond ASCII may, but for the
-- fullwidth @ and # signs and the directional marks.
local function preceded_well(text, place, bare)
  if place == 1 then return true end
  if text:find("^[%w@$#]", place - 1) then return false end
  if bare and text:find("^[-_./]", place - 1) then return false end
  local before = text:sub(math.max(1, place - 3), place - 1)
  return not (before:find("\239\188[\131\160]$")
    or before:find("\226\128[\170-\174]$"))
end


-- The place after the link that starts at `place`, or nil.
local function link_end(text, place)
  local host = text:match("^[Hh][Tt][Tt][Pp][Ss]?://()", place)
  local bare = not host
  if not preceded_well(text, place, bare) then return nil end
  host = host or place
  local past = domain_end(text, host, bare)
  if not past then return nil end
  if not slug_is_sound(text, host, past) then return nil end
  past = text:match("^:%d+()", past) or past
  past = query_end(text, path_end(text, past))
  if past - place > URL_LIMIT then return nil end
  return past
end


--- Finds the links of a text.
---@param text string
---@return { first: integer, last: integer, url: string }[] # byte places
function links.find(text)
  local found, place = {}, 1
  while true do
    place = text:find("%w", place)
    if not place then return found end
    local past = link_end(text, place)
    if past and text:sub(past, past) ~= "@" then
      found[#found + 1] =
        { first = place, last = past - 1, url = text:sub(place, past - 1) }
      place = past
    else
      -- Without a link here none starts before the next break in the word.
      place = text:match("^%w+()", place)
    end
  end
end


return links
