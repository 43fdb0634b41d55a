import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

/**
 * Tests a credential: reads the account that its key belongs to. It is a function because, for a declared
 * test request, n8n shows only the code of an unreachable address, such as ENOTFOUND
 * (docs/n8n-engine.md#credentials).
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
