-- Unicode composition (NFC) for the letters people type: Latin, Greek,
-- Cyrillic, kana and Hangul. Other scripts pass unchanged. Post lengths are
-- counted on composed text, so "e" with a combining accent is one character.

local nfc = {}

-- Combining mark -> base letters, each followed by its composed letter.
local PAIRS = {
  [0x0300] = "AÀEÈIÌOÒUÙaàeèiìoòuùÜǛüǜNǸnǹЕЀИЍеѐиѝĒḔēḕŌṐōṑWẀwẁÂẦâầĂẰăằÊỀêềÔỒôồ"
    .. "ƠỜơờƯỪưừYỲyỳἀἂἁἃἈἊἉἋἐἒἑἓἘἚἙἛἠἢἡἣἨἪἩἫἰἲἱἳἸἺἹἻὀὂὁὃὈὊὉὋὐὒὑὓὙὛὠὢὡὣὨὪ"
    .. "ὩὫαὰεὲηὴιὶοὸυὺωὼΑᾺΕῈΗῊ᾿῍ϊῒΙῚ῾῝ϋῢΥῪ¨῭ΟῸΩῺ",
  [0x0301] = "AÁEÉIÍOÓUÚYÝaáeéiíoóuúyýCĆcćLĹlĺNŃnńRŔrŕSŚsśZŹzźÜǗüǘGǴgǵÅǺåǻÆǼæǽ"
    .. "ØǾøǿ¨΅ΑΆΕΈΗΉΙΊΟΌΥΎΩΏϊΐαάεέηήιίϋΰοόυύωώϒϓГЃКЌгѓкќÇḈçḉĒḖēḗÏḮïḯKḰkḱ"
    .. "MḾmḿÕṌõṍŌṒōṓPṔpṕŨṸũṹWẂwẃÂẤâấĂẮăắÊẾêếÔỐôốƠỚơớƯỨưứἀἄἁἅἈἌἉἍἐἔἑἕἘἜἙἝ"
    .. "ἠἤἡἥἨἬἩἭἰἴἱἵἸἼἹἽὀὄὁὅὈὌὉὍὐὔὑὕὙὝὠὤὡὥὨὬὩὭ᾿῎῾῞",
  [0x0302] = "AÂEÊIÎOÔUÛaâeêiîoôuûCĈcĉGĜgĝHĤhĥJĴjĵSŜsŝWŴwŵYŶyŷZẐzẑẠẬạậẸỆẹệỌỘọộ",
  [0x0303] = "AÃNÑOÕaãnñoõIĨiĩUŨuũVṼvṽÂẪâẫĂẴăẵEẼeẽÊỄêễÔỖôỗƠỠơỡƯỮưữYỸyỹ",
  [0x0304] = "AĀaāEĒeēIĪiīOŌoōUŪuūÜǕüǖÄǞäǟȦǠȧǡÆǢæǣǪǬǫǭÖȪöȫÕȬõȭȮȰȯȱYȲyȳИӢиӣУӮуӯ"
    .. "GḠgḡḶḸḷḹṚṜṛṝαᾱΑᾹιῑΙῙυῡΥῩ",
  [0x0306] = "AĂaăEĔeĕGĞgğIĬiĭOŎoŏUŬuŭУЎИЙийуўЖӁжӂАӐаӑЕӖеӗȨḜȩḝẠẶạặαᾰΑᾸιῐΙῘυῠΥῨ",
  [0x0307] = "CĊcċEĖeėGĠgġIİZŻzżAȦaȧOȮoȯBḂbḃDḊdḋFḞfḟHḢhḣMṀmṁNṄnṅPṖpṗRṘrṙSṠsṡŚṤ"
    .. "śṥŠṦšṧṢṨṣṩTṪtṫWẆwẇXẊxẋYẎyẏſẛ",
  [0x0308] = "AÄEËIÏOÖUÜaäeëiïoöuüyÿYŸΙΪΥΫιϊυϋϒϔЕЁІЇеёіїАӒаӓӘӚәӛЖӜжӝЗӞзӟИӤиӥОӦ"
    .. "оӧӨӪөӫЭӬэӭУӰуӱЧӴчӵЫӸыӹHḦhḧÕṎõṏŪṺūṻWẄwẅXẌxẍtẗ",
  [0x0309] = "AẢaảÂẨâẩĂẲăẳEẺeẻÊỂêểIỈiỉOỎoỏÔỔôổƠỞơởUỦuủƯỬưửYỶyỷ",
  [0x030A] = "AÅaåUŮuůwẘyẙ",
  [0x030B] = "OŐoőUŰuűУӲуӳ",
  [0x030C] = "CČcčDĎdďEĚeěLĽlľNŇnňRŘrřSŠsšTŤtťZŽzžAǍaǎIǏiǐOǑoǒUǓuǔÜǙüǚGǦgǧKǨkǩ"
    .. "ƷǮʒǯjǰHȞhȟ",
  [0x030F] = "AȀaȁEȄeȅIȈiȉOȌoȍRȐrȑUȔuȕѴѶѵѷ",
  [0x0311] = "AȂaȃEȆeȇIȊiȋOȎoȏRȒrȓUȖuȗ",
  [0x0313] = "αἀΑἈεἐΕἘηἠΗἨιἰΙἸοὀΟὈυὐωὠΩὨρῤ",
  [0x0314] = "αἁΑἉεἑΕἙηἡΗἩιἱΙἹοὁΟὉυὑΥὙωὡΩὩρῥΡῬ",
  [0x031B] = "OƠoơUƯuư",
  [0x0323] = "BḄbḅDḌdḍHḤhḥKḲkḳLḶlḷMṂmṃNṆnṇRṚrṛSṢsṣTṬtṭVṾvṿWẈwẉZẒzẓAẠaạEẸeẹIỊiị"
    .. "OỌoọƠỢơợUỤuụƯỰưựYỴyỵ",
  [0x0324] = "UṲuṳ",
  [0x0325] = "AḀaḁ",
  [0x0326] = "SȘsșTȚtț",
  [0x0327] = "CÇcçGĢgģKĶkķLĻlļNŅnņRŖrŗSŞsşTŢtţEȨeȩDḐdḑHḨhḩ",
  [0x0328] = "AĄaąEĘeęIĮiįUŲuųOǪoǫ",
  [0x032D] = "DḒdḓEḘeḙLḼlḽNṊnṋTṰtṱUṶuṷ",
  [0x032E] = "HḪhḫ",
  [0x0330] = "EḚeḛIḬiḭUṴuṵ",
  [0x0331] = "BḆbḇDḎdḏKḴkḵLḺlḻNṈnṉRṞrṟTṮtṯZẔzẕhẖ",
  [0x0342] = "ἀἆἁἇἈἎἉἏἠἦἡἧἨἮἩἯἰἶἱἷἸἾἹἿὐὖὑὗὙὟὠὦὡὧὨὮὩὯαᾶ¨῁ηῆ᾿῏ιῖϊῗ῾῟υῦϋῧωῶ",
  [0x0345] = "ἀᾀἁᾁἂᾂἃᾃἄᾄἅᾅἆᾆἇᾇἈᾈἉᾉἊᾊἋᾋἌᾌἍᾍἎᾎἏᾏἠᾐἡᾑἢᾒἣᾓἤᾔἥᾕἦᾖἧᾗἨᾘἩᾙἪᾚἫᾛἬᾜἭᾝἮᾞἯᾟ"
    .. "ὠᾠὡᾡὢᾢὣᾣὤᾤὥᾥὦᾦὧᾧὨᾨὩᾩὪᾪὫᾫὬᾬὭᾭὮᾮὯᾯὰᾲαᾳάᾴᾶᾷΑᾼὴῂηῃήῄῆῇΗῌὼῲωῳώῴῶῷΩῼ",
  [0x3099] = "かがきぎくぐけげこごさざしじすずせぜそぞただちぢつづてでとどはばひびふぶへべほぼうゔゝゞカガキギクグケゲコゴサザシジスズセゼソゾ"
    .. "タダチヂツヅテデトドハバヒビフブヘベホボウヴワヷヰヸヱヹヲヺヽヾ",
  [0x309A] = "はぱひぴふぷへぺほぽハパヒピフプヘペホポ",}

local L_BASE, V_BASE, T_BASE, S_BASE = 0x1100, 0x1161, 0x11A7, 0xAC00
local L_COUNT, V_COUNT, T_COUNT = 19, 21, 28
local S_COUNT = L_COUNT * V_COUNT * T_COUNT

local floor = math.floor
local composed -- mark -> base -> composed, made at the first use


-- Two-, three- and four-byte sequences; good input only (this file's own).
local function code_point(character)
  local first = character:byte()
  if first < 0x80 then return first end
  local value = first % (first < 0xE0 and 0x20 or first < 0xF0 and 0x10 or 8)
  for index = 2, #character do
    value = value * 64 + character:byte(index) % 64
  end
  return value
end


local function build()
  composed = {}
  for mark, pairs_of_mark in pairs(PAIRS) do
    local bases, base = {}, nil
    for character in pairs_of_mark:gmatch("[^\128-\191][\128-\191]*") do
      if base then
        bases[base], base = code_point(character), nil
      else
        base = code_point(character)
      end
    end
    composed[mark] = bases
  end
end


-- Hangul is composed by arithmetic: leading + vowel, then + trailing.
local function compose_hangul(first, second)
  if first >= L_BASE and first < L_BASE + L_COUNT
    and second >= V_BASE and second < V_BASE + V_COUNT then
    return S_BASE
      + ((first - L_BASE) * V_COUNT + second - V_BASE) * T_COUNT
  end
  if first >= S_BASE and first < S_BASE + S_COUNT
    and (first - S_BASE) % T_COUNT == 0
    and second > T_BASE and second < T_BASE + T_COUNT then
    return first + second - T_BASE
  end
end


local function compose_pair(first, second)
  local bases = composed[second]
  return bases and bases[first] or compose_hangul(first, second)
end


--- Composes a list of code points.
---@param points integer[]
---@return integer[] # a new list, never longer than the given one
function nfc.compose(points)
  if not composed then build() end
  local result, count = {}, 0
  for index = 1, #points do
    local pair = count > 0 and compose_pair(result[count], points[index])
    if pair then
      result[count] = floor(pair)
    else
      count = count + 1
      result[count] = points[index]
    end
  end
  return result
end


return nfc
