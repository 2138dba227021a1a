#!/bin/bash
# Stands in for OpenSSH's: scp FILE... root@HOST:[FOLDER]
set -euo pipefail
to=${!#} files=("${@:1:$#-1}")
folder=${to#*:}
tar -c --transform 's,.*/,,' -P "${files[@]}" | ssh "${to%%:*}" "tar -x -C '${folder:-.}'"
