# How phones find Dialtone, for Windows Server. Made by dialtone dhcp; nothing in it is a secret.
# There is nothing to configure; what follows says why.
# Policies that are there already keep their conditions: remove those whose conditions are to change first.
# Each value says its scheme: without one most phones would ask by TFTP.
# generic: Nobody knows what these read: set the address on the phone.
$ErrorActionPreference = 'Stop'
