#!/bin/sh
# Takes out of an image what scripts have no use for and what would help one to do harm: installers of
# packages, compilers, and the bits that lend another user's powers. Removes itself.
set -eu

find / -xdev \( -path /proc -o -path /sys \) -prune -o \
    -type d -path '*/python*' \
    \( -name ensurepip -o -name pip -o -name 'pip-*.dist-info' \
    -o -name setuptools -o -name 'setuptools-*.dist-info' -o -name pkg_resources \
    -o -name wheel -o -name 'wheel-*.dist-info' \) \
    -prune -exec rm -rf {} +
rm -rf /usr/share/python-wheels /root/.cache

for folder in /bin /usr/bin /usr/local/bin /opt/kosmos/bin; do
    [ -d "$folder" ] || continue
    find "$folder/" -maxdepth 1 \( \
        -name pip -o -name 'pip[0-9]*' -o -name 'easy_install*' -o -name wheel \
        -o -name cc -o -name c89 -o -name 'c89-*' -o -name c99 -o -name 'c99-*' -o -name c++ -o -name cpp -o -name 'cpp-[0-9]*' \
        -o -name gcc -o -name 'gcc-*' -o -name g++ -o -name 'g++-*' -o -name '*-linux-gnu*-*' \
        -o -name gfortran -o -name 'gfortran-*' -o -name f77 -o -name f95 \
        -o -name clang -o -name 'clang-*' -o -name 'clang++*' -o -name tcc -o -name rustc -o -name cargo -o -name go \
        -o -name as -o -name ld -o -name 'ld.*' -o -name gold -o -name make -o -name gmake -o -name cmake \
        \) -exec rm -f {} +
done
rm -rf /usr/lib/gcc /usr/libexec/gcc

find / -xdev \( -path /proc -o -path /sys \) -prune -o -type f \( -perm -4000 -o -perm -2000 \) -exec chmod a-s {} +
rm -f /harden.sh
