import type { PocketsflowRequest } from '../api/request';
import type { HttpResponse } from './attempt';

const redirectStatuses = [301, 302, 303, 307, 308];

/** With these, the server has done nothing and wants the same request elsewhere. */
const repeatingStatuses = [307, 308];

export function readRedirect({ status, location }: HttpResponse, url: string): URL | undefined {
	if (!redirectStatuses.includes(status) || location === undefined) return undefined;
	return URL.canParse(location, url) ? new URL(location, url) : undefined;
}

/**
 * The URL of a redirect that may be followed: only to the same origin, because the key goes along,
 * and only if sending the request again cannot do its work twice.
 */
export function findFollowableRedirect(
	{ method }: PocketsflowRequest,
	response: HttpResponse,
	url: string,
): URL | undefined {
	const redirect = readRedirect(response, url);
	if (redirect?.origin !== new URL(url).origin) return undefined;
	const isRepeatable = method === 'GET' || repeatingStatuses.includes(response.status);
	return isRepeatable ? redirect : undefined;
}
