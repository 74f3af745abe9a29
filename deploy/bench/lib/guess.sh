# What one address and one token cost everybody else (trust.md S51): another person's 95th percentiles alone, and beside 16
# connections that guess passwords, beside a token and beside an address that ask without a pause, which is to be a hundred
# times as often as they may. Whoever attacks has their own processor: here theirs comes after the portal's (nice).

bench_guess() {
    local round email=guess@example.org
    random_text 18 >"$work/guess.password"
    batchport_admin add-person --email "$email" --name guess --password-file /dev/stdin <"$work/guess.password" >/dev/null
    guess_token=$(batchport_admin add-token --email "$email" --name guess --scopes jobs:read | tail -1)
    ask_portal "CREATE TABLE bench_limits AS SELECT name, value FROM limits WHERE name LIKE 'rate.%PerSecond';
        UPDATE limits SET value = CASE name WHEN 'rate.tokenPerSecond' THEN 100 WHEN 'rate.personPerSecond' THEN 200 ELSE 60 END
        WHERE name LIKE 'rate.%PerSecond'"
    cp "$state/nginx/batchport/rate.conf" "$work/rate.conf"
    for round in 1 2 3; do
        # nginx counts by address: whoever has a token may ask from many, so that only the portal's own count holds.
        rates_of "$work/rate.conf"
        read -ra alone < <(other_person)
        beside token "$url/api/v1/jobs" -H "Authorization: Bearer $(demo_field token)"
        rates_of "$clone/nginx/example/rate.conf"
        read -ra alone < <(other_person)
        beside address "$url/sign-in"
        write_guess
        beside guesses "$url/sign-in" -s "$work/guess.lua"
    done
    for round in token address guesses; do
        note "beside $round: ratios of page, API, sign-in $(for field in 1 2 3; do cut -d' ' -f"$field" "$work/beside.$round" | median; done | paste -sd' ') (goal 2)"
    done
    rates_of "$work/rate.conf"
    ask_portal "UPDATE limits l SET value = b.value FROM bench_limits b WHERE b.name = l.name; DROP TABLE bench_limits"
}

# The portal's processes read theirs within five seconds; who was quiet for ten has all of their burst.
rates_of() {
    cat "$1" >"$state/nginx/batchport/rate.conf"
    kill -HUP "$(cat "$state/nginx/nginx.pid")"
    sleep 11
}

other_person() { python3 "$here/lib/guess.py" "$url" guess@example.org "$work/guess.password" "$guess_token"; }

# A sign-in with a wrong password, to be sent again and again.
write_guess() {
    local cookie body
    { read -r cookie && read -r body; } < <(python3 "$here/lib/guess.py" "$url" form)
    cat >"$work/guess.lua" <<END_OF_LUA
wrk.method, wrk.body = "POST", "$body"
wrk.headers["Cookie"], wrk.headers["Sec-Fetch-Site"] = "$cookie", "same-origin"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
END_OF_LUA
}

# beside NAME URL [OPTION...]: the other person's percentiles while wrk asks from 127.0.0.1; SIGINT makes it say what it did.
beside() {
    local name=$1 beside ratios=() field pid
    nice -n 19 wrk -t 1 -c 16 -d 600s "${@:3}" "$2" >"$work/attack" &
    pid=$!
    sleep 3
    read -ra beside < <(other_person)
    kill -INT "$pid"
    wait "$pid" || true
    for field in 0 1 2; do ratios+=("$(ratio "${beside[field]}" "${alone[field]}")"); done
    echo "${ratios[*]}" >>"$work/beside.$name"
    note "$name, $(sed -n 's/^Requests\/sec: *//p' "$work/attack") a second: p95 of page, API, sign-in alone ${alone[*]:0:3} ms, beside ${beside[*]:0:3} ms, ratios ${ratios[*]}; not answered as they should be: ${beside[3]}"
}
