# What bash offers for each command line on stdin, after the completions in $1.
source "$1"
offer() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _netsweep
  echo "${COMPREPLY[*]}"
}
while IFS= read -r line; do eval "offer $line"; done
