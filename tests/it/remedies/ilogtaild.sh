#!/bin/sh
# Stands in for Logtail's init script, and for the agent's choice of its address.
dir=/usr/local/ilogtail
pids() { for dir in /proc/[0-9]*; do [ "$(cat "$dir/comm" 2>/dev/null)" = ilogtail ] && echo "${dir#/proc/}"; done; }
address() {
    set_to=$(sed -n 's/.*"working_ip" *: *"\([^"]*\)".*/\1/p' $dir/ilogtail_config.json 2>/dev/null | head -n 1)
    bound=$(getent ahostsv4 "$(hostname)" | cut -d' ' -f1 | grep -v '^127\.' | head -n 1)
    first=$(ip -4 -o addr show dev eth0 | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p' | head -n 1)
    echo "${set_to:-${bound:-$first}}"
}
start() {
    [ -z "$(pids)" ] || return 0
    rm -f $dir/app_info.json
    identity=/etc/ilogtail/checkpoint/instance_identity
    id=$(cat /var/lib/cloud/data/instance-id 2>/dev/null) && [ ! -e $identity ] && mkdir -p ${identity%/*} &&
        printf '{"instance-id" : "%s"}\n' "$id" >$identity
    STAND_IN_IP=$(address) $dir/ilogtail || return 1
    while [ ! -e $dir/app_info.json ]; do :; done
}
stop() {
    for pid in $(pids); do kill -9 "$pid" 2>/dev/null; done
    while [ -n "$(pids)" ]; do :; done
}
case $1 in
start) start ;;
restart) stop && start ;;
status) [ "$(pids | wc -l)" -ge 2 ] && echo "ilogtail is running" ;;
*) exit 2 ;;
esac
