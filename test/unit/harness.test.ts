import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { mapConcurrently } from '../harness/concurrently';
import { findFreePort, isPortFree } from '../harness/ports';
import { runProgram, tryProgram } from '../harness/programs';

const runScript = (script: string) => ['-e', script] as const;

describe('mapConcurrently', () => {
	it('keeps the order of the items and never runs more than the limit', async () => {
		let running = 0;
		let most = 0;
		const results = await mapConcurrently(2, [30, 10, 20, 0], async (ms) => {
			most = Math.max(most, ++running);
			await new Promise((resolve) => setTimeout(resolve, ms));
			running--;
			return ms;
		});
		expect(results).toEqual([30, 10, 20, 0]);
		expect(most).toBe(2);
	});

	it('begins nothing new after a failure', async () => {
		const begun: number[] = [];
		const work = async (item: number) => {
			begun.push(item);
			if (item === 2) throw new Error('two');
		};
		await expect(mapConcurrently(1, [1, 2, 3], work)).rejects.toThrow('two');
		expect(begun).toEqual([1, 2]);
	});
});

describe('ports', () => {
	it('gives each free port once', async () => {
		const ports = await Promise.all(Array.from({ length: 20 }, findFreePort));
		expect(new Set(ports).size).toBe(20);
	});

	it('knows a taken port', async () => {
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		expect(await isPortFree(port)).toBe(false);
		await new Promise((resolve) => server.close(resolve));
		expect(await isPortFree(port)).toBe(true);
	});
});

describe('programs', () => {
	it('gives what a program prints, and both streams together', async () => {
		const outcome = await runProgram(
			process.execPath,
			runScript('process.stdin.pipe(process.stdout); console.error("aside")'),
			{ input: 'read\n' },
		);
		expect(outcome).toMatchObject({ exitCode: 0, stdout: 'read' });
		expect(outcome.all.split('\n').sort()).toEqual(['aside', 'read']);
	});

	it('throws with the output of a program that fails', async () => {
		const failing = runProgram(
			process.execPath,
			runScript('console.error("why"); process.exit(3)'),
		);
		await expect(failing).rejects.toThrow(/ended with 3:\nwhy$/);
	});

	it('survives a program that is not there', async () => {
		const outcome = await tryProgram('/no/such/program', []);
		expect(outcome.exitCode).toBeNull();
		expect(outcome.all).toContain('ENOENT');
	});
});
