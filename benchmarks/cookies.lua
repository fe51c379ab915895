-- For wrk: every request carries the next of the session cookies in COOKIES_FILE; the result is printed as JSON.
local requests, turn = {}, 0

init = function()
  for line in io.lines(os.getenv("COOKIES_FILE")) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Cookie"] = line, ["Host"] = wrk.headers["Host"] })
  end
end

request = function()
  turn = turn % #requests + 1
  return requests[turn]
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "failed": %d, "p50_ms": %f, "p95_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
