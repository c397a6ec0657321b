#!/bin/sh
# Stands in for LogListener's init script.
cd /usr/local/loglistener || exit 1
pids() { for dir in /proc/[0-9]*; do case $(cat "$dir/comm" 2>/dev/null) in loglistener | loglistenerm | loglisteneru) echo "${dir#/proc/}" ;; esac; done; }
start() {
    [ -z "$(pids)" ] || return 0
    bin/loglistenerm -d
    bin/loglistener --conf=etc/loglistener.conf
    bin/loglisteneru -u --conf=etc/loglistener.conf
}
stop() {
    for pid in $(pids); do kill -9 "$pid" 2>/dev/null; done
    while [ -n "$(pids)" ]; do :; done
}
case $1 in
start) start ;;
restart) stop && start ;;
status) [ "$(pids | wc -l)" -ge 3 ] && echo "loglistener is running" ;;
*) exit 2 ;;
esac
