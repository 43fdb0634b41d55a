const loopbackPattern = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/i;

export const isLoopbackHost = (hostname: string): boolean => loopbackPattern.test(hostname);

/** Names that no public name server knows, and names without a dot. */
const privateName =
	/^([^.]*|(.*\.)?(localdomain|local|localhost|internal|intranet|private|corp|home|home\.arpa|lan|test|invalid))$/;

/** Networks that are not part of the internet: the first address and the prefix length. */
const privateNetworks: Array<[first: string, prefixLength: number]> = [
	['0.0.0.0', 8],
	['10.0.0.0', 8],
	['100.64.0.0', 10],
	['127.0.0.0', 8],
	['169.254.0.0', 16],
	['172.16.0.0', 12],
	['192.168.0.0', 16],
	['198.18.0.0', 15],
	['224.0.0.0', 3],
];

/** The unspecified address, loopback, unique local, link-local, site-local, multicast. */
const privateIpv6 = /^(::1?|f[cd][0-9a-f]{2}:.*|fe[89a-f][0-9a-f]:.*|ff[0-9a-f]{2}:.*)$/;

/** IPv6 formats that contain an IPv4 address: mapped, compatible, and translated. */
const ipv4InIpv6 = /^(?:::(?:ffff:)?|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Whether the hostname of a URL is this machine or in a private network. */
export function isPrivateHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (host.startsWith('[')) return isPrivateIpv6(host.slice(1, -1));
	if (/^[\d.]+$/.test(host)) return isPrivateIpv4(readIpv4(host));
	return privateName.test(host);
}

const readIpv4 = (host: string) =>
	host.split('.').reduce((address, part) => address * 256 + Number(part), 0);

function isPrivateIpv4(address: number): boolean {
	return privateNetworks.some(([first, prefixLength]) => {
		const size = 2 ** (32 - prefixLength);
		return Math.floor(address / size) === Math.floor(readIpv4(first) / size);
	});
}

function isPrivateIpv6(host: string): boolean {
	const [, high, low] = ipv4InIpv6.exec(host) ?? [];
	if (high !== undefined) return isPrivateIpv4(parseInt(high, 16) * 65_536 + parseInt(low, 16));
	return privateIpv6.test(host);
}
