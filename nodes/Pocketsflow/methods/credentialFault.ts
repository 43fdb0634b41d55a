import type {
	ICredentialDataDecryptedObject,
	ICredentialTestFunctions,
	IDataObject,
} from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { classifyError } from '../transport/attempt';
import { readCredentialFields, type CredentialFields } from '../transport/credentialFields';
import { describeFailure } from '../transport/errors';

const timeoutMs = 20_000;

const redirected =
	"The 'Base URL' leads to another address, to which the API key is not sent. Enter the address of the Pocketsflow API itself.";

const statusMessages: Record<number, string> = {
	301: redirected,
	302: redirected,
	303: redirected,
	307: redirected,
	308: redirected,
	401: 'Pocketsflow does not know this API key. Copy it again from Developers → API keys at Pocketsflow; it begins with pk_test_ or pk_live_.',
	403: 'Pocketsflow knows this API key but does not let it read the account. Check the key under Developers → API keys at Pocketsflow.',
	429: 'Pocketsflow received too many requests in the last minute. The key may be right: wait a minute and test again.',
};

type Helpers = ICredentialTestFunctions['helpers'];

/** Says what is wrong with a credential; undefined for a good one. */
export async function findCredentialFault(
	helpers: Helpers,
	data: ICredentialDataDecryptedObject,
): Promise<string | undefined> {
	const fields = readCredentialFields(data as IDataObject, 'this credential');
	return 'message' in fields
		? `${fields.message}. ${fields.description}`
		: await askForAccount(helpers, fields);
}

async function askForAccount(
	helpers: Helpers,
	{ baseUrl, apiKey, ignoreSslIssues }: CredentialFields,
): Promise<string | undefined> {
	try {
		// The only HTTP helper that n8n gives to such a function. Redirects would take the key along.
		const response: unknown = await helpers.request({
			method: 'GET',
			uri: `${baseUrl}/users/me`,
			headers: { Authorization: `Bearer ${apiKey}`, Accept: 'application/json' },
			timeout: timeoutMs,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
			followAllRedirects: false,
			rejectUnauthorized: !ignoreSslIssues,
		});
		return describeResponse(isRecord(response) ? response : {});
	} catch (error) {
		const status = readStatus(error);
		if (status !== undefined) return describeResponse({ statusCode: status });
		return describeFailure(
			{ baseUrl, name: 'this credential' },
			classifyError(error, undefined),
			timeoutMs,
		);
	}
}

function readStatus(error: unknown): number | undefined {
	const { statusCode, response } = isRecord(error) ? error : {};
	const status = statusCode ?? (isRecord(response) ? response.status : undefined);
	return typeof status === 'number' ? status : undefined;
}

function describeResponse({ statusCode, body }: IDataObject): string | undefined {
	const status = Number(statusCode);
	if (statusMessages[status]) return statusMessages[status];
	if (status >= 500)
		return `Pocketsflow could not answer (status ${status}). The key may be right: test again later.`;
	// Every account has an email address (docs/pocketsflow-api.md#customers-reviews-and-account).
	if (status >= 200 && status < 300 && hasEmail(body)) return undefined;
	return "What answered at the 'Base URL' is not the Pocketsflow API: there is no account in the answer. It is usually https://api.pocketsflow.com.";
}

function hasEmail(body: unknown): boolean {
	try {
		const account: unknown = typeof body === 'string' ? JSON.parse(body) : body;
		return isRecord(account) && typeof account.email === 'string';
	} catch {
		return false;
	}
}
