# Makes the mount, network and host name of a test machine. Runs as the first process of new namespaces, with
# EXPORTER, STAND_IN, PROMETHEUS and ALERTMANAGER (directories) and HOST_NAME set, and becomes the machine's init.
set -eu

# Files that tests need from outside, before their directories are covered.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/programs /run/prometheus /run/alertmanager /run/netns /run/etc
for program in "$EXPORTER" "$STAND_IN"; do
    touch "/run/programs/${program##*/}"
    mount --bind "$program" "/run/programs/${program##*/}"
done
mount --bind "$PROMETHEUS" /run/prometheus
mount --bind "$ALERTMANAGER" /run/alertmanager

# A separate /etc: its own hosts file, trust store, agents' files; nothing of the real machine's.
mount -t tmpfs -o mode=755 tmpfs /run/etc
cp -a /etc/ld.so* /run/etc/ 2>/dev/null || :
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >/run/etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >/run/etc/group
echo 'hosts: files' >/run/etc/nsswitch.conf
mkdir -p /run/etc/ssl/certs
mount --move /run/etc /etc
mount -t tmpfs -o mode=755 tmpfs /usr/local
mount -t tmpfs -o mode=755 tmpfs /opt
mount -t tmpfs -o mode=755 tmpfs /var

# The vendor of the machine distinguishes cloud instances from others.
mount -t tmpfs -o mode=755 tmpfs /sys
mkdir -p /sys/class/dmi/id
echo 'Alibaba Cloud' >/sys/class/dmi/id/sys_vendor
echo 'Alibaba Cloud ECS' >/sys/class/dmi/id/product_name

echo "$HOST_NAME" >/proc/sys/kernel/hostname

# Two ends of one cable: this machine, and "the internet", whose addresses are all on its loopback interface.
ip netns add internet
ip -batch - <<END
link set lo up
link add eth0 type veth peer name eth0 netns internet
address add 172.16.2.200/24 dev eth0
link set eth0 up
route add default via 172.16.2.1
END
# The rule that delivers what is for the internet's own addresses comes after 1 to 99, which are for the firewall.
ip -n internet -batch - <<END
link set lo up
address add 172.16.2.1/24 dev eth0
link set eth0 up
rule add pref 100 table local
rule del pref 0
END

echo ready
exec /run/programs/stand-in init
