import type {
	ICredentialDataDecryptedObject,
	ICredentialTestFunctions,
	IDataObject,
} from 'n8n-workflow';

import { isErrorBody, isRecord } from '../api/responses';
import {
	classifyError,
	isPage,
	isSuccess,
	parseBody,
	type HttpResponse,
} from '../transport/attempt';
import { readCredentialFields, type CredentialFields } from '../transport/credentialFields';
import { describeAnswer, describeFailure, joinSentences } from '../transport/errors';
import { redactKeys } from '../transport/redaction';

const defaultTimeoutMs = 20_000;

type Helpers = ICredentialTestFunctions['helpers'];

/** What is wrong with a credential; undefined for a valid one. */
export async function findCredentialFault(
	helpers: Helpers,
	data: ICredentialDataDecryptedObject,
	timeoutMs = defaultTimeoutMs,
): Promise<string | undefined> {
	const fields = readCredentialFields(data as IDataObject, 'this credential');
	if ('message' in fields) return `${fields.message}. ${fields.description}`;
	const fault = await askForAccount(helpers, fields, timeoutMs);
	return fault && redactKeys(fault, fields.apiKey);
}

async function askForAccount(
	helpers: Helpers,
	fields: CredentialFields,
	timeoutMs: number,
): Promise<string | undefined> {
	const { baseUrl, apiKey, ignoreSslIssues } = fields;
	const uri = `${baseUrl}/users/me`;
	try {
		// The only HTTP helper that n8n provides to such a function. Redirects would send the key along.
		const response: unknown = await helpers.request({
			method: 'GET',
			uri,
			headers: { Authorization: `Bearer ${apiKey}`, Accept: 'application/json' },
			timeout: timeoutMs,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
			followAllRedirects: false,
			rejectUnauthorized: !ignoreSslIssues,
		});
		return describeResponse(fields, readResponse(response), uri);
	} catch (error) {
		const status = readStatus(error);
		if (status !== undefined) return describeResponse(fields, { status, text: '' }, uri);
		const target = { baseUrl, name: 'this credential' };
		return describeFailure(target, classifyError(error, uri), timeoutMs);
	}
}

function readResponse(response: unknown): HttpResponse {
	const { statusCode, headers, body } = isRecord(response) ? response : {};
	const { location } = isRecord(headers) ? headers : {};
	return {
		status: Number(statusCode),
		location: typeof location === 'string' ? location : undefined,
		...parseBody(body),
	};
}

function readStatus(error: unknown): number | undefined {
	const { statusCode, response } = isRecord(error) ? error : {};
	const status = statusCode ?? (isRecord(response) ? response.status : undefined);
	return typeof status === 'number' ? status : undefined;
}

/** Responses with these statuses can come from Pocketsflow, as can those from 500 on and redirects. */
const possibleStatuses = [401, 403, 407, 429];

function describeResponse(
	{ baseUrl, mode }: CredentialFields,
	response: HttpResponse,
	url: string,
): string | undefined {
	const { status, body, location } = response;
	// Every account has an email address (docs/pocketsflow-api.md#customers-reviews-and-account).
	if (isSuccess(response) && isRecord(body) && typeof body.email === 'string') return undefined;
	const isPossible =
		status >= 500 ||
		possibleStatuses.includes(status) ||
		location !== undefined ||
		isErrorBody(body) ||
		(isPage(response) && !isSuccess(response));
	const target = { baseUrl, mode, name: 'this credential' };
	const { whatHappened, nextStep } = describeAnswer(target, response, url);
	return isPossible
		? joinSentences(whatHappened, nextStep)
		: "The server at the 'Base URL' is not the Pocketsflow API: its response contains no account. The default is https://api.pocketsflow.com.";
}
