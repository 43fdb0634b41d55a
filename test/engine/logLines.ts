import { WebhookContext } from 'n8n-core';
import type { Logger } from 'n8n-workflow';

type Level = 'debug' | 'error' | 'info' | 'warn';

/** Collects the lines that nodes write into n8n's log while the work is done. */
export async function collectLog(
	work: () => Promise<unknown>,
): Promise<Array<{ level: Level; message: string }>> {
	const lines: Array<{ level: Level; message: string }> = [];
	const collect = (level: Level) => (message: string) => void lines.push({ level, message });
	const logger: Logger = {
		debug: collect('debug'),
		error: collect('error'),
		info: collect('info'),
		warn: collect('warn'),
	};
	const nodeContext = Object.getPrototypeOf(WebhookContext.prototype) as WebhookContext;
	const spy = jest.spyOn(nodeContext, 'logger', 'get');
	spy.mockReturnValue(logger as WebhookContext['logger']);
	try {
		await work();
	} finally {
		spy.mockRestore();
	}
	return lines;
}
