#!/bin/busybox sh
# The guest's first program: loads the modules, lays a scratch layer over the host's files (which stay as they are),
# and goes on with start.sh from the folder that is shared for results.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /modules/order); do $b insmod "/modules/$module" || echo "insmod $module failed"; done
share=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o $share,cache=loose,ro host /lower || echo 'no host files'
$b mount -t tmpfs tmpfs /upper
$b mkdir /upper/files /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root || echo 'no overlay'
for folder in proc sys dev; do $b mount --move /$folder /root/$folder; done
$b mount -t tmpfs tmpfs /root/run
$b mkdir -p /root/run/results
$b mount -t 9p -o $share,cache=none,access=any results /root/run/results || echo 'no results folder'
$b ip link set lo up
exec $b switch_root /root /bin/sh /run/results/start.sh
