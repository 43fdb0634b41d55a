import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { tryProgram } from '../programs';
import { withProgress } from './progress';

export const isProgram = (path: string) =>
	access(path, constants.X_OK).then(
		() => true,
		() => false,
	);

/** The path of the first of these commands on the PATH or among Debian's servers. */
export async function findCommand(...commands: string[]): Promise<string | undefined> {
	const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin'];
	for (const command of commands)
		for (const folder of folders)
			if (await isProgram(join(folder, command))) return join(folder, command);
	return undefined;
}

/** Needs Debian and root. Never throws: the caller looks for the program afterwards. */
export async function installDebianPackage(name: string, label: string): Promise<void> {
	if (process.getuid?.() !== 0 || !(await isDebian())) return;
	const quietly = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
	await withProgress(`Installing ${label} (apt-get)`, async () => {
		await tryProgram('apt-get', ['update'], quietly);
		await tryProgram('apt-get', ['install', '-y', name], quietly);
	});
}

/** The path of a program, installed on Debian if it is missing. @throws if that fails */
export async function ensureProgram(
	command: string,
	label: string,
	debianPackage = command,
): Promise<string> {
	const found = await findCommand(command);
	if (found) return found;
	await installDebianPackage(debianPackage, label);
	const installed = await findCommand(command);
	if (installed) return installed;
	throw new Error(
		`No ${label} found. Install it (on Debian or Ubuntu: apt-get install ${debianPackage}), or put it on the PATH.`,
	);
}

const isDebian = () =>
	readFile('/etc/os-release', 'utf8').then(
		(text) => /^ID(_LIKE)?=.*debian/m.test(text),
		() => false,
	);
