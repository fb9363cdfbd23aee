# How phones find Dialtone, for Windows Server. Made by dialtone dhcp; nothing in it is a secret.
# Policies that are there already keep their conditions: remove those whose conditions are to change first.
# Each value says its scheme: without one most phones would ask by TFTP.
# A factory-new phone must trust the server's certificate already: use one of a public CA, or lead phones to http, where they are told of the server's own.
$ErrorActionPreference = 'Stop'

# For poly.
# The vendor class of these phones is binary; they are told apart by their address blocks alone.
# Options that they read besides: 43.
if (-not (Get-DhcpServerv4OptionDefinition -OptionId 160 -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4OptionDefinition -OptionId 160 -Name 'dialtone-160' -Type String
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-poly' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-poly' -Condition OR -MacAddress EQ,'0004F2*','64167F*','482567*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-poly' -OptionId 160 -Value 'https://[2001:db8::5]'
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-poly' -OptionId 66 -Value 'https://[2001:db8::5]'

# For snom.
# Options that they read besides: 67, 43.
if (-not (Get-DhcpServerv4Class -Type Vendor -Name 'dialtone-snom' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Class -Type Vendor -Name 'dialtone-snom' -Data 'snom'
}
if (-not (Get-DhcpServerv4Policy -Name 'dialtone-snom' -ErrorAction SilentlyContinue)) {
    Add-DhcpServerv4Policy -Name 'dialtone-snom' -Condition OR -VendorClass EQ,'dialtone-snom*' -MacAddress EQ,'000413*'
}
Set-DhcpServerv4OptionValue -PolicyName 'dialtone-snom' -OptionId 66 -Value 'https://[2001:db8::5]'
