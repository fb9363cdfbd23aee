# How phones find Dialtone, for Windows Server. Made by dialtone dhcp; nothing in it is a secret.
# Policies that are there already keep their conditions: remove those whose conditions are to change first.
# Each value says its scheme: without one most phones would ask by TFTP.
# The VLAN belongs to the options of the network where phones start, not to those of VLAN 20 itself.
# poly-obi: No option of these is known here: type the address into the phone's web page, or let the vendor's redirection service lead it. One with an address of Poly's blocks is given what the other phones of Poly are.
# audiocodes-gateway: No option of these is known here: set IniFileURL on the gateway.
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
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-mpp' -OptionId 66 -Value 'http://phones.example.com:8081/$PSN.xml'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-mpp' -OptionId 15 -Value 'example.com'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-mpp' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For cisco-phoneos.
# Unconfirmed: which vendor class the 8875 and the 9800 series send.
# Options that they read besides: 160, 159, 150.
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-phoneos' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-phoneos' -Data 'DP-98'
}
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-phoneos-2' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-phoneos-2' -Data 'CP-8875'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-cisco-phoneos' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-cisco-phoneos' -Condition OR -VendorClass EQ,'dialtone-cisco-phoneos*','dialtone-cisco-phoneos-2*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-phoneos' -OptionId 66 -Value 'http://phones.example.com:8081/$PSN.xml'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-phoneos' -OptionId 15 -Value 'example.com'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-phoneos' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For cisco-ata.
# Options that they read besides: 160, 159, 150.
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-ata' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-cisco-ata' -Data 'CISCO ATA19'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-cisco-ata' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-cisco-ata' -Condition OR -VendorClass EQ,'dialtone-cisco-ata*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-ata' -OptionId 66 -Value 'http://phones.example.com:8081/ata$PSN.cfg'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-ata' -OptionId 15 -Value 'example.com'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-cisco-ata' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For yealink, yealink-dect.
# Options that they read besides: 43.
if (-not (Get-DhcpServerv4OptionDefinition -OptionId 132 -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4OptionDefinition -OptionId 132 -Name 'dialtone-132' -Type String
}
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-yealink' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-yealink' -Data 'yealink'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-yealink' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-yealink' -Condition OR -VendorClass EQ,'dialtone-yealink*' -MacAddress EQ,'001565*','805EC0*','805E0C*','249AD8*','3497D7*','44DBD2*','644F56*','B061A9*','C4FC22*','E434D7*','EC1DA9*','F01653*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-yealink' -OptionId 66 -Value 'http://phones.example.com:8081/'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-yealink' -OptionId 42 -Value '192.0.2.1','192.0.2.2'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-yealink' -OptionId 132 -Value '20'

# For poly.
# The vendor class of these phones is binary; they are told apart by their address blocks alone.
# Options that they read besides: 43.
if (-not (Get-DhcpServerv4OptionDefinition -OptionId 160 -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4OptionDefinition -OptionId 160 -Name 'dialtone-160' -Type String
}
if (-not (Get-DhcpServerv4OptionDefinition -OptionId 128 -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4OptionDefinition -OptionId 128 -Name 'dialtone-128' -Type String
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-poly' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-poly' -Condition OR -MacAddress EQ,'0004F2*','64167F*','482567*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-poly' -OptionId 160 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-poly' -OptionId 66 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-poly' -OptionId 42 -Value '192.0.2.1','192.0.2.2'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-poly' -OptionId 128 -Value 'VLAN-A=20;'

# For algo.
# Unconfirmed: the address block.
# Options that they read besides: 160, 150.
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-algo' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-algo' -Condition OR -MacAddress EQ,'0022EE*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-algo' -OptionId 66 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-algo' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For audiocodes.
# Gateways of the vendor are in the same address block and can't be told apart. Unconfirmed: whether they read this option.
# Options that they read besides: 66, 67, 43.
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-audiocodes' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-audiocodes' -Condition OR -MacAddress EQ,'00908F*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-audiocodes' -OptionId 160 -Value 'http://phones.example.com:8081/'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-audiocodes' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For fanvil.
# Options that they read besides: 43.
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-fanvil' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-fanvil' -Condition OR -MacAddress EQ,'0C383E*','00A859*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-fanvil' -OptionId 66 -Value 'http://phones.example.com:8081/$mac.cfg'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-fanvil' -OptionId 42 -Value '192.0.2.1','192.0.2.2'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-fanvil' -OptionId 132 -Value '20'

# For gigaset-nx70, gigaset.
# Option 114 is the captive portal's of RFC 8910 elsewhere: give it to these alone.
if (-not (Get-DhcpServerv4OptionDefinition -OptionId 114 -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4OptionDefinition -OptionId 114 -Name 'dialtone-114' -Type String
}
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-gigaset-nx70' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-gigaset-nx70' -Data 'Gigaset'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-gigaset-nx70' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-gigaset-nx70' -Condition OR -VendorClass EQ,'dialtone-gigaset-nx70*' -MacAddress EQ,'7C2F80*','14B370*','002104*','589EC6*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-gigaset-nx70' -OptionId 114 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-gigaset-nx70' -OptionId 66 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-gigaset-nx70' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For grandstream.
# Options that they read besides: 43, 160, 150.
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-grandstream' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-grandstream' -Condition OR -MacAddress EQ,'000B82*','C074AD*','EC74D7*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-grandstream' -OptionId 66 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-grandstream' -OptionId 42 -Value '192.0.2.1','192.0.2.2'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-grandstream' -OptionId 132 -Value '20'

# For panasonic.
# Options that they read besides: 159, 66, 67.
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-panasonic' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-panasonic' -Data 'Panasonic'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-panasonic' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-panasonic' -Condition OR -VendorClass EQ,'dialtone-panasonic*' -MacAddress EQ,'0080F0*','BCC342*','080023*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-panasonic' -OptionId 160 -Value 'http://phones.example.com:8081/Config{MAC}.cfg'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-panasonic' -OptionId 42 -Value '192.0.2.1','192.0.2.2'

# For snom, snom-dect, snom-c.
# Options that they read besides: 67, 43.
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-snom' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-snom' -Data 'snom'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-snom' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-snom' -Condition OR -VendorClass EQ,'dialtone-snom*' -MacAddress EQ,'000413*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-snom' -OptionId 66 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-snom' -OptionId 42 -Value '192.0.2.1','192.0.2.2'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-snom' -OptionId 132 -Value '20'

# For 2n.
# Unconfirmed: the address block, and which file these ask for.
# Options that they read besides: 150.
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-2n' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-2n' -Condition OR -MacAddress EQ,'7C1EB3*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-2n' -OptionId 66 -Value 'http://phones.example.com:8081'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-2n' -OptionId 42 -Value '192.0.2.1','192.0.2.2'
