import fastify from 'fastify';

/** What the model says once it has made its calls. */
export const finalText = 'That is all.';

interface Message {
	role: string;
	content?: unknown;
	tool_calls?: Array<{
		id: string;
		type: 'function';
		function: { name: string; arguments: string };
	}>;
}

interface ToolDefinition {
	type: string;
	function: { name: string; description: string; parameters: Record<string, unknown> };
}

interface Completion {
	model: string;
	messages: Message[];
	tools: ToolDefinition[];
}

/** A tool call that the model makes. */
export interface ToolCall {
	tool: string;
	args: Record<string, unknown>;
}

/** A chat model with OpenAI's interface: it makes the calls that `setCalls` gave it, then ends with a text. */
export class StubModel {
	readonly requests: Completion[] = [];

	private calls: ToolCall[] = [];

	private origin = '';

	private readonly server = fastify({ forceCloseConnections: true });

	private constructor() {
		this.server.post<{ Body: Completion }>('/v1/chat/completions', ({ body }) => this.reply(body));
	}

	static async start(): Promise<StubModel> {
		const model = new StubModel();
		model.origin = await model.server.listen({ host: '127.0.0.1', port: 0 });
		return model;
	}

	get url(): string {
		return `${this.origin}/v1`;
	}

	setCalls(...calls: ToolCall[]): void {
		this.requests.length = 0;
		this.calls = calls;
	}

	/** What the tools returned, as the last request has it. */
	get toolResults(): string[] {
		const messages = this.requests.at(-1)?.messages ?? [];
		return messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content));
	}

	async close(): Promise<void> {
		await this.server.close();
	}

	private reply(request: Completion): object {
		this.requests.push(request);
		const call = this.calls.shift();
		const number = this.requests.length;
		const message: Message = call
			? {
					role: 'assistant',
					content: null,
					tool_calls: [
						{
							id: `call_${number}`,
							type: 'function',
							function: { name: call.tool, arguments: JSON.stringify(call.args) },
						},
					],
				}
			: { role: 'assistant', content: finalText };
		return {
			id: `chatcmpl-${number}`,
			object: 'chat.completion',
			created: 1_760_000_000,
			model: request.model,
			choices: [{ index: 0, message, finish_reason: call ? 'tool_calls' : 'stop' }],
			usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
		};
	}
}
