<#
Gathers what Mailflow reads of Exchange: one file a cmdlet, and exported.json, which says when.

    ./gather.ps1 exchange-online     in Exchange Online PowerShell, after Connect-ExchangeOnline
    ./gather.ps1 exchange-server     in the Exchange Management Shell of an own server
    ./gather.ps1 exchange-edge       in that of an Edge Transport server, where there is one

Run it in the folder of the environment, once for each side. It reads, and changes nothing in Exchange. Of mailboxes it
keeps all, with -Mailboxes only those: ./gather.ps1 exchange-online -Mailboxes kate@contoso.com, chris@contoso.com
A cmdlet that fails is told and left out; what rests on it is not verified.

Written from Microsoft's reference of the cmdlets for Windows PowerShell 5.1 and PowerShell 7, and checked by a parser.
Where Mailflow is made there is no tenant and no Exchange Server: it was never run against one.
#>
param(
    [Parameter(Mandatory = $true)] [ValidateSet('exchange-online', 'exchange-server', 'exchange-edge')] [string] $Side,
    [string[]] $Mailboxes = @(),
    [string] $Folder = $Side
)
$ErrorActionPreference = 'Stop'

$cmdlets = @{
    'exchange-online' = 'Get-AcceptedDomain', 'Get-InboundConnector', 'Get-OutboundConnector', 'Get-TransportRule',
                        'Get-RemoteDomain', 'Get-OrganizationConfig', 'Get-TransportConfig',
                        'Get-HostedOutboundSpamFilterPolicy', 'Get-DkimSigningConfig', 'Get-Mailbox', 'Get-MailUser',
                        'Get-CASMailbox'
    'exchange-server' = 'Get-AcceptedDomain', 'Get-SendConnector', 'Get-ReceiveConnector', 'Get-ADPermission',
                        'Get-ExchangeCertificate', 'Get-Mailbox', 'Get-RemoteMailbox'
    # What stands in its own directory; the rest comes to it from the other servers.
    'exchange-edge' = 'Get-ReceiveConnector', 'Get-ADPermission', 'Get-ExchangeCertificate'
}
$people = 'Get-Mailbox', 'Get-MailUser', 'Get-RemoteMailbox', 'Get-CASMailbox'
$about = 'PrimarySmtpAddress', 'EmailAddresses', 'ForwardingSmtpAddress', 'DeliverToMailboxAndForward',
         'ExternalEmailAddress', 'RemoteRoutingAddress', 'SmtpClientAuthenticationDisabled'

function Read-Exchange([string] $cmdlet) {
    # @(): a remote session runs one pipeline at a time.
    if ($cmdlet -eq 'Get-ADPermission') { return @(Get-ReceiveConnector) | Get-ADPermission }
    if ($cmdlet -eq 'Get-ExchangeCertificate' -and $Side -ne 'exchange-edge') {
        $servers = @(Get-ExchangeServer) | Where-Object { -not $_.IsEdgeServer }
        return $servers | ForEach-Object { Get-ExchangeCertificate -Server $_.Name }
    }
    if ($people -notcontains $cmdlet) { return & $cmdlet }
    if ($Mailboxes.Count -eq 0) { return & $cmdlet -ResultSize Unlimited | Select-Object $about }
    # Who is not on this side is no mistake.
    return $Mailboxes | ForEach-Object { & $cmdlet -Identity $_ -ErrorAction SilentlyContinue } | Select-Object $about
}

# Enumerations as words: not all of their numbers are documented.
function Get-Plain($object) {
    $plain = $object | Select-Object *
    foreach ($property in $plain.PSObject.Properties) {
        if ($property.Value -is [enum]) { $property.Value = [string] $property.Value }
    }
    return $plain
}

function Save-Json([string] $name, $value) {
    # UTF-8 without a byte order mark, in both versions.
    $text = ConvertTo-Json -Depth 5 -InputObject $value
    [IO.File]::WriteAllText((Join-Path (Resolve-Path $Folder).ProviderPath "$name.json"), $text)
}

New-Item -ItemType Directory -Force -Path $Folder | Out-Null
# What an earlier run left must not pass for what this one found.
foreach ($name in $cmdlets[$Side] + 'exported') {
    $old = Join-Path $Folder "$name.json"
    if (Test-Path $old) { Remove-Item $old }
}
foreach ($cmdlet in $cmdlets[$Side]) {
    try {
        $found = @(Read-Exchange $cmdlet | ForEach-Object { Get-Plain $_ })
        Save-Json $cmdlet $found
        Write-Output "${cmdlet}: $($found.Count)"
    } catch {
        Write-Warning "${cmdlet} is left out: $($_.Exception.Message)"
    }
}
$now = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
Save-Json 'exported' ([ordered] @{ at = $now; by = 'gather.ps1 1' })
