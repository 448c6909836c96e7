#!/bin/sh
# Furnishes the namespaces of a node, from inside; run as the first process there. What it starts is adopted by it.
#   $1: folder of the node's own files   $2: the node's address with its prefix   $3: folders of its own, with spaces
set -eu
state=$1

ip link set lo up
# A bridge stands for the network card: kernels without modules have no dummy devices.
ip link add eth0 type bridge
ip addr add "$2" dev eth0
ip link set eth0 up
ip route add default dev eth0

# Control groups begin at the node's own, as on a machine of its own.
mount -t tmpfs cgroup /sys/fs/cgroup
while IFS=: read -r number name _; do
    folder="/sys/fs/cgroup/${name#name=}"
    case "$number:$name" in
    0:*) continue ;;
    *:name=*) options="none,$name" ;;
    *) options="$name" ;;
    esac
    mkdir "$folder"
    mount -t cgroup -o "$options" cgroup "$folder"
    for each in $(echo "$name" | tr , ' '); do
        test -e "/sys/fs/cgroup/${each#name=}" || ln -s "$name" "/sys/fs/cgroup/$each"
    done
done < /proc/self/cgroup

for each in $3; do
    mkdir -p "$state$each" "$each"
    mount --bind "$state$each" "$each"
done
mount --make-rshared /
echo 1 > /proc/sys/net/ipv4/ip_forward
# Where bridges can show their frames to the filter, they do, so that pods of one node reach each other by services too.
filtered=/proc/sys/net/bridge/bridge-nf-call-iptables
test ! -e "$filtered" || echo 1 > "$filtered"

touch "$state/furnished"
sleep infinity &
# Waiting collects every process that is left behind and adopted.
wait
