/**
 * <form method="post" data-passkey="create|get" data-passkey-options="id of a JSON script"> with a hidden `credential`:
 * asks the device for a passkey, then posts its answer. data-passkey-url instead of options: they are fetched when needed.
 * <p data-passkey-said="cancelled|known|failed|unsupported" hidden> in the form: what to say when it does not work.
 */
export function enhancePasskeys(root) {
  for (const form of root.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) say(form, "unsupported");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  }
}

async function ask(form) {
  if (form.dataset.asking) return;
  form.dataset.asking = "1";
  say(form, "");
  try {
    const { publicKey } = await optionsOf(form);
    const answer = form.dataset.passkey === "create" ? await create(publicKey) : await get(publicKey);
    form.elements.credential.value = JSON.stringify(answer);
    form.submit();
  } catch (error) {
    say(form, SENTENCES[error.name] ?? "failed");
  } finally {
    delete form.dataset.asking;
  }
}

const SENTENCES = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known" };

function say(form, what) {
  for (const line of form.querySelectorAll("[data-passkey-said]")) line.hidden = line.dataset.passkeySaid !== what;
}

async function optionsOf(form) {
  if (form.dataset.passkeyOptions) return JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent);
  const answer = await fetch(form.dataset.passkeyUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()).request_options;
}

async function create(options) {
  const wanted = { residentKey: "required", requireResidentKey: true, userVerification: "required" };
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: (options.excludeCredentials ?? []).map(known),
      authenticatorSelection: { ...options.authenticatorSelection, ...wanted },
    },
  });
  const { response } = made;
  return told(made, { attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] });
}

async function get(options) {
  const shown = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: (options.allowCredentials ?? []).map(known),
    },
  });
  const { response } = shown;
  return told(shown, {
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle ? text(response.userHandle) : null,
  });
}

function told(credential, response) {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
  };
}

const known = (credential) => ({ ...credential, id: bytes(credential.id) });

/** base64url ↔ bytes, the spelling of passkeys in JSON. */
function bytes(value) {
  return Uint8Array.from(atob(value.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
