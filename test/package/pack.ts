import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from '../harness/programs';

export interface Tarball {
	path: string;
	/** Sorted paths of what it holds, with sizes in bytes. */
	files: Array<{ path: string; size: number }>;
	/** In bytes. */
	size: number;
	/** In bytes. */
	unpackedSize: number;
}

/** Packs a built package as `npm publish` does, into a folder that is created if it is missing. */
export async function packPackage(
	packageDir: string,
	destination: string,
	env: NodeJS.ProcessEnv = process.env,
): Promise<Tarball> {
	await mkdir(destination, { recursive: true });
	const { stdout } = await runProgram(
		'npm',
		['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
		{ cwd: packageDir, env },
	);
	const [{ filename, files, size, unpackedSize }] = JSON.parse(stdout) as [
		Omit<Tarball, 'path'> & { filename: string },
	];
	return { path: join(destination, filename), files, size, unpackedSize };
}

/** Unpacks a tarball of npm: what it holds stands in `destination`, without the folder `package`. */
export async function unpack(tarball: string, destination: string): Promise<void> {
	await mkdir(destination, { recursive: true });
	await runProgram('tar', ['-xzf', tarball, '-C', destination, '--strip-components=1']);
}
