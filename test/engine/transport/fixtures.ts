import type { INodeType } from 'n8n-workflow';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import type { Limits } from '../../../nodes/Pocketsflow/transport/limits';
import { path, type Effect, type PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { createExecuteContext, type NodeSetup } from '../../harness/engine/context';

export const key = 'pk_test_0123456789abcdef0123456789abcdef0123456789abcdef';

/** As shipped, but with retry delays that are short enough for tests. */
export const quickLimits: Partial<Limits> = { retryDelayMs: 4 };

export const bareNode: INodeType = {
	description: {
		displayName: 'Pocketsflow',
		name: 'pocketsflow',
		group: ['transform'],
		version: 1,
		description: '',
		defaults: {},
		inputs: ['main'],
		outputs: ['main'],
		credentials: [{ name: 'pocketsflowApi', required: true }],
		properties: [],
	},
};

export const buildSetup = (baseUrl: string, more: Partial<NodeSetup> = {}): NodeSetup => ({
	node: bareNode,
	credential: { apiKey: key, baseUrl },
	...more,
});

export const createContext = (baseUrl: string, more: Partial<NodeSetup> = {}) =>
	createExecuteContext(buildSetup(baseUrl, more));

export const operations: Record<
	'read' | 'create' | 'update' | 'delete',
	{ request: PocketsflowRequest; effect: Effect }
> = {
	read: {
		request: {
			method: 'GET',
			path: path`/products/${'abc'}`,
			query: { email: 'buyer@example.com' },
		},
		effect: 'read',
	},
	create: {
		request: { method: 'POST', path: '/products', body: { name: 'Sent in confidence' } },
		effect: 'create',
	},
	update: {
		request: {
			method: 'POST',
			path: path`/products/update/${'abc'}`,
			body: { name: 'Sent in confidence' },
		},
		effect: 'change',
	},
	delete: { request: { method: 'DELETE', path: path`/products/${'abc'}` }, effect: 'change' },
};

export interface NodeError extends Error {
	description?: string;
	httpCode?: string | null;
	context: Record<string, unknown>;
}

/** The error that a promise is rejected with. */
export async function catchError(promise: Promise<unknown>): Promise<NodeError> {
	try {
		await promise;
	} catch (error) {
		return error as NodeError;
	}
	throw new Error('It was expected to fail and did not');
}

/** Everything that can be found in an error, hidden and nested properties included. */
export const inspectFully = (error: unknown) =>
	inspect(error, {
		depth: Infinity,
		showHidden: true,
		maxStringLength: null,
		maxArrayLength: null,
	}) + JSON.stringify(error);

/** Keeps what is written to the console and the standard streams while `work` runs. */
export async function captureOutput(work: () => Promise<unknown>): Promise<string> {
	const written: string[] = [];
	const keep = (chunk: unknown) => {
		written.push(String(chunk));
		return true;
	};
	const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
	const spies = [
		jest.spyOn(process.stdout, 'write').mockImplementation(keep),
		jest.spyOn(process.stderr, 'write').mockImplementation(keep),
		...methods.map((method) =>
			jest
				.spyOn(console, method)
				.mockImplementation((...parts) => void keep(parts.map(inspectFully).join(' '))),
		),
	];
	try {
		await work();
	} finally {
		for (const spy of spies) spy.mockRestore();
	}
	return written.join('\n');
}

/** A certificate that nobody has reason to trust, for 127.0.0.1. */
export function createCertificate(): { key: string; cert: string } {
	const folder = mkdtempSync(join(tmpdir(), 'pocketsflow-tls-'));
	try {
		const at = (name: string) => join(folder, name);
		const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
		const out = ['-keyout', at('key.pem'), '-out', at('cert.pem')];
		execFileSync(
			'openssl',
			['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...out],
			{
				stdio: 'ignore',
			},
		);
		return { key: readFileSync(at('key.pem'), 'utf8'), cert: readFileSync(at('cert.pem'), 'utf8') };
	} finally {
		rmSync(folder, { recursive: true });
	}
}
