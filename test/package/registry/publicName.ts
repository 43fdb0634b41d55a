import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ensureProgram } from '../../harness/setup/debian';
import { runProgram, tryProgram, type Outcome } from '../../harness/programs';

/** The name that n8n and npm ask for packages unless they are set to another one. */
export const publicRegistry = 'registry.npmjs.org';

/** The certificate of a registry that answers under the public name. */
export interface Certificate {
	key: string;
	cert: string;
}

/**
 * Runs a program of this repository in a separate network, in which the public registry's name leads to
 * this machine. n8n installs from no other registry without a license, so this is how its own installer is
 * tried with a package that is not published.
 * @param folder where the certificate and the table of hosts are written
 * @throws if this system does not allow such a network (Linux only; as root, or with user namespaces)
 */
export async function runWithPublicRegistry(
	folder: string,
	script: readonly string[],
	env: NodeJS.ProcessEnv,
): Promise<Outcome> {
	const unshare = await ensureProgram('unshare', 'unshare', 'util-linux');
	await ensureProgram('ip', 'ip', 'iproute2');
	await mkdir(folder, { recursive: true });
	const { cert } = await createCertificate(folder);
	const hosts = join(folder, 'hosts');
	await writeFile(hosts, `127.0.0.1 localhost ${publicRegistry}\n`);
	const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
	const setUp = 'ip link set lo up && mount --bind "$1" /etc/hosts && shift && exec "$@"';
	return await tryProgram(
		unshare,
		[...asRoot, '--mount', '--net', 'sh', '-c', setUp, 'sh', hosts, process.execPath, ...script],
		{ env: { ...env, NODE_EXTRA_CA_CERTS: cert }, output: 'inherit' },
	);
}

/** Where the certificate of the registry in this folder is. */
export const locateCertificate = (folder: string): Certificate => ({
	key: join(folder, 'key.pem'),
	cert: join(folder, 'cert.pem'),
});

async function createCertificate(folder: string): Promise<Certificate> {
	const openssl = await ensureProgram('openssl', 'OpenSSL');
	const certificate = locateCertificate(folder);
	await runProgram(openssl, [
		...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'],
		...['-keyout', certificate.key, '-out', certificate.cert],
		...['-subj', `/CN=${publicRegistry}`, '-addext', `subjectAltName=DNS:${publicRegistry}`],
	]);
	return certificate;
}
