-- wrk -s each.lua URL -- METHOD SIZE PATHS: asks for each of the file's paths in turn, with a body of that many bytes.
local method, body, paths, at = "GET", nil, {}, 0

function init(args)
    method = args[1]
    if tonumber(args[2]) > 0 then body = string.rep("x", tonumber(args[2])) end
    for line in io.lines(args[3]) do paths[#paths + 1] = line end
end

function request()
    at = at % #paths + 1
    return wrk.format(method, paths[at], nil, body)
end
