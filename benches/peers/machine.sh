# Makes the mounts and the network of the benchmark's own machine, in new namespaces, and becomes the benchmark.
# SELF, EXPORTER, GLIBC, BARE: programs; PEERS: a directory of programs.
set -eu

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/programs /run/etc
for program in "$PEERS"/*; do
    touch "/run/programs/${program##*/}"
    mount --bind "$program" "/run/programs/${program##*/}"
done
for name in logagent-exporter logagent-exporter-glibc bare-server bench; do touch "/run/programs/$name"; done
mount --bind "$EXPORTER" /run/programs/logagent-exporter
mount --bind "$GLIBC" /run/programs/logagent-exporter-glibc
mount --bind "$BARE" /run/programs/bare-server
mount --bind "$SELF" /run/programs/bench

# A separate /etc, as the hosts file is edited, and separate directories of agents.
mount -t tmpfs -o mode=755 tmpfs /run/etc
cp -a /etc/ld.so* /run/etc/ 2>/dev/null || :
cp -a /etc/ssl /run/etc/ 2>/dev/null || :
printf 'root:x:0:0:root:/root:/bin/sh\n' >/run/etc/passwd
printf 'root:x:0:\n' >/run/etc/group
echo 'hosts: files' >/run/etc/nsswitch.conf
mount --move /run/etc /etc
mount -t tmpfs -o mode=755 tmpfs /usr/local
mount -t tmpfs -o mode=755 tmpfs /opt
echo web-1 >/proc/sys/kernel/hostname

ip -batch - <<END
link set lo up
link add eth0 type veth peer name peer0
address add 172.16.2.200/24 dev eth0
address add 100.115.4.10/32 dev lo
link set eth0 up
link set peer0 up
END

exec /run/programs/bench --bench
