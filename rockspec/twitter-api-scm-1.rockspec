rockspec_format = "3.0"
package = "twitter-api"
version = "scm-1"

source = {
  url = "git+https://github.com/twitter-api/lua-twitter.git",
  branch = "main",
}

description = {
  summary = "The X (Twitter) API for Lua scripts and for nginx",
  detailed = [[
A client for the X API, written in C: posts with pictures, animations, videos
and polls, uploads, sign-in with OAuth 2.0 (PKCE) and OAuth 1.0a, and every
operation of API v2 as a function. Transport is libcurl's, signing OpenSSL's.
The same functions serve a plain script and, without blocking it, an nginx
worker.
]],
  homepage = "https://github.com/twitter-api/lua-twitter",
  issues_url = "https://github.com/twitter-api/lua-twitter/issues",
  license = "MIT",
  labels = { "twitter", "x", "api", "http", "oauth", "openresty" },
}

dependencies = {
  "lua >= 5.1, < 5.6",
  "lua-cjson >= 2.1.0",
}

external_dependencies = {
  -- no header to look for: LuaRocks does not search where Debian keeps curl.h
  CURL = { library = "curl" },
  OPENSSL = { header = "openssl/crypto.h", library = "crypto" },
}

build = {
  type = "builtin",
  modules = {
    ["twitter.core"] = {
      sources = {
        "src/base64.c",
        "src/body.c",
        "src/buf.c",
        "src/crypto.c",
        "src/digits.c",
        "src/easy.c",
        "src/engine.c",
        "src/escape.c",
        "src/file.c",
        "src/head.c",
        "src/inherit.c",
        "src/lcore.c",
        "src/ldigits.c",
        "src/lengine.c",
        "src/lfields.c",
        "src/lfile.c",
        "src/lmailbox.c",
        "src/lsign.c",
        "src/lsigner.c",
        "src/ltext.c",
        "src/ltransfer.c",
        "src/lworkspace.c",
        "src/mailbox.c",
        "src/oauth1.c",
        "src/origin.c",
        "src/pairs.c",
        "src/pkce.c",
        "src/settings.c",
        "src/text.c",
        "src/transfer.c",
        "src/url.c",
        "src/worker.c",
      },
      incdirs = { "$(CURL_INCDIR)", "$(OPENSSL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)", "$(OPENSSL_LIBDIR)" },
      libraries = { "curl", "crypto", "pthread" },
    },
    twitter = "lua/twitter/init.lua",
    ["twitter.arguments"] = "lua/twitter/arguments.lua",
    ["twitter.auth"] = "lua/twitter/auth.lua",
    ["twitter.background"] = "lua/twitter/background.lua",
    ["twitter.call"] = "lua/twitter/call.lua",
    ["twitter.client"] = "lua/twitter/client.lua",
    ["twitter.encode"] = "lua/twitter/encode.lua",
    ["twitter.errors"] = "lua/twitter/errors.lua",
    ["twitter.errors.body"] = "lua/twitter/errors/body.lua",
    ["twitter.errors.hints"] = "lua/twitter/errors/hints.lua",
    ["twitter.errors.limits"] = "lua/twitter/errors/limits.lua",
    ["twitter.errors.redact"] = "lua/twitter/errors/redact.lua",
    ["twitter.json"] = "lua/twitter/json.lua",
    ["twitter.lazy"] = "lua/twitter/lazy.lua",
    ["twitter.lists"] = "lua/twitter/lists.lua",
    ["twitter.loop"] = "lua/twitter/loop.lua",
    ["twitter.media"] = "lua/twitter/media/init.lua",
    ["twitter.media.source"] = "lua/twitter/media/source.lua",
    ["twitter.media.types"] = "lua/twitter/media/types.lua",
    ["twitter.media.v1"] = "lua/twitter/media/v1.lua",
    ["twitter.media.v2"] = "lua/twitter/media/v2.lua",
    ["twitter.oauth2"] = "lua/twitter/oauth2.lua",
    ["twitter.operations"] = "lua/twitter/operations.lua",
    ["twitter.parallel"] = "lua/twitter/parallel.lua",
    ["twitter.parameters"] = "lua/twitter/parameters.lua",
    ["twitter.parameters.check"] = "lua/twitter/parameters/check.lua",
    ["twitter.parameters.nearest"] = "lua/twitter/parameters/nearest.lua",
    ["twitter.request"] = "lua/twitter/request.lua",
    ["twitter.retry"] = "lua/twitter/retry.lua",
    ["twitter.transport"] = "lua/twitter/transport.lua",
    ["twitter.transport.blocking"] =
      "lua/twitter/transport/blocking.lua",
    ["twitter.transport.nginx"] =
      "lua/twitter/transport/nginx.lua",
    ["twitter.transport.scheduler"] =
      "lua/twitter/transport/scheduler.lua",
    ["twitter.transport.sources"] =
      "lua/twitter/transport/sources.lua",
    ["twitter.transport.yieldable"] =
      "lua/twitter/transport/yieldable.lua",
    ["twitter.tweets"] = "lua/twitter/tweets.lua",
    ["twitter.unicode"] = "lua/twitter/unicode.lua",
  },
}

test = {
  type = "command",
  command = "make test",
}
