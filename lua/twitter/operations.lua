-- Facts about the operations of X's API: method, path, the credentials that
-- are accepted (the best first) and whether a repetition is harmless. Paths
-- hold their parameters in braces.

local user = { "oauth2", "oauth1" }

return {
  create_posts = { method = "POST", path = "/2/tweets", auth = user },
  initialize_media_upload = {
    method = "POST", path = "/2/media/upload/initialize", auth = user,
    resend = true,  -- an id that nobody uses is all that is left behind
  },
  append_media_upload = {
    method = "POST", path = "/2/media/upload/{id}/append", auth = user,
    resend = true,  -- a segment is known by its index
  },
  finalize_media_upload = {
    method = "POST", path = "/2/media/upload/{id}/finalize", auth = user,
    resend = true,
  },
  get_media_upload_status = {
    method = "GET", path = "/2/media/upload", auth = user,
  },
}
