# How phones find Dialtone, for Windows Server. Made by dialtone dhcp; nothing in it is a secret.
# Policies that are there already keep their conditions: remove those whose conditions are to change first.
# Each value says its scheme: without one most phones would ask by TFTP.
# Few phones ask for files by TFTP on another port than 69.
# grandstream: Nothing tells these from other devices. Give option 66 (tftp://192.0.2.7:6969) to a network of their own, or by reservations.
# snom: Left out, as nothing is known of these reading URLs with tftp.
# generic: Nobody knows what these read: set the address on the phone.
$ErrorActionPreference = 'Stop'

# For cisco-mpp.
# Options that they read besides: 160, 159, 150.
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-mpp' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-mpp' -Data 'CP-'
}
# Not served here: those that send Cisco Systems, Inc. IP Phone CP-????-3PCC*, as Cisco phones with enterprise firmware begin alike.
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-cisco-mpp' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-cisco-mpp' -Condition OR -VendorClass EQ,'dialtone-cisco-mpp*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-mpp' -OptionId 66 -Value 'tftp://192.0.2.7:6969/$PSN.xml'
