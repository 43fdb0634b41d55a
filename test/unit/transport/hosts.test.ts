import { isLoopbackHost, isPrivateHost } from '../../../nodes/Pocketsflow/transport/hosts';

const hostOf = (host: string) => new URL(`https://${host}`).hostname;

it.each([
	'localhost',
	'localhost.',
	'n8n',
	'n8n.local',
	'N8N.LAN',
	'nas.home.arpa',
	'host.localdomain',
	'metadata.internal',
	'n8n.localhost',
	'0.0.0.0',
	'10.0.0.5',
	'0x0a000005',
	'100.64.0.1',
	'100.127.255.254',
	'127.0.0.1',
	'169.254.169.254',
	'172.16.0.1',
	'172.31.255.255',
	'192.168.1.2',
	'[::]',
	'[::1]',
	'[fc00::1]',
	'[fd12:3456::1]',
	'[fe80::1]',
	'[febf::1]',
	'[::ffff:10.0.0.1]',
	'[::ffff:192.168.0.1]',
	'[64:ff9b::10.0.0.1]',
])('%s is private', (host) => {
	expect(isPrivateHost(hostOf(host))).toBe(true);
});

it.each([
	'n8n.example.com',
	'n8n.example.com.',
	'local.example.com',
	'lan.dev',
	'8.8.8.8',
	'100.63.255.255',
	'100.128.0.1',
	'172.15.0.1',
	'172.32.0.1',
	'192.169.0.1',
	'[2606:4700::1111]',
	'[::ffff:8.8.8.8]',
	'[fbff::1]',
])('%s is public', (host) => {
	expect(isPrivateHost(hostOf(host))).toBe(false);
});

it.each(['localhost', 'n8n.localhost', '127.0.0.1', '127.8.8.8', '[::1]'])(
	'%s is this machine',
	(host) => expect(isLoopbackHost(hostOf(host))).toBe(true),
);

it.each(['n8n', '10.0.0.1', 'localhost.example.com'])('%s is not this machine', (host) =>
	expect(isLoopbackHost(hostOf(host))).toBe(false),
);
