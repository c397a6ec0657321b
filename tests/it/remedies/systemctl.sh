#!/bin/sh
# Stands in for systemd: the exporter, a time service, and one agent that is a unit.
pids() { for dir in /proc/[0-9]*; do [ "$(cat "$dir/comm" 2>/dev/null)" = fluent-bit ] && echo "${dir#/proc/}"; done; }
case "$*" in
"reload logagent-exporter") kill -HUP "$(cat /run/exporter.pid)" ;;
"enable --now chronyd" | "enable --now chrony") rm -f /run/unsynchronized ;;
"start fluent-bit" | "restart fluent-bit")
    for pid in $(pids); do kill -9 "$pid"; done
    while [ -n "$(pids)" ]; do :; done
    /opt/fluent-bit/bin/fluent-bit -c /etc/fluent-bit/fluent-bit.conf
    ;;
"enable ilogtaild")
    wants=/etc/systemd/system/multi-user.target.wants
    printf '[Service]\nExecStart=/etc/init.d/ilogtaild start\n' >/etc/systemd/system/ilogtaild.service
    mkdir -p $wants && ln -sf ../ilogtaild.service $wants/ilogtaild.service
    ;;
"is-enabled ilogtaild "*) [ -e /etc/systemd/system/multi-user.target.wants/ilogtaild.service ] && echo enabled ;;
"status fluent-bit") [ -n "$(pids)" ] ;;
*)
    echo "Unit ${2:-} could not be found." >&2
    exit 5
    ;;
esac
