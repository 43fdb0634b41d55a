import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

/**
 * Reads the account of the key. A declared test request would show only the code of an unreachable
 * address, such as ENOTFOUND (docs/n8n-engine.md#credentials).
 */
export async function testPocketsflowApi(
	this: ICredentialTestFunctions,
	{ data }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const { findCredentialFault } = await import('./credentialFault');
	const message = await findCredentialFault(this.helpers, data ?? {});
	return message === undefined
		? { status: 'OK', message: 'Connection successful!' }
		: { status: 'Error', message };
}
