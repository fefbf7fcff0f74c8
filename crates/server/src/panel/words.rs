//! The panel's words in three languages.

use crate::pages::Locale;
use std::fmt::Display;

/// Defines a struct of words: each name with its Spanish, Portuguese and English text.
macro_rules! words {
    ($words:ident; $($name:ident: $spanish:literal, $portuguese:literal, $english:literal;)+) => {
        /// Words in one language.
        #[derive(Debug)]
        pub struct $words { $(#[doc = $english] pub $name: &'static str,)+ }

        const SPANISH: $words = $words { $($name: $spanish,)+ };
        const PORTUGUESE: $words = $words { $($name: $portuguese,)+ };
        const ENGLISH: $words = $words { $($name: $english,)+ };

        impl $words {
            /// Those of a language.
            pub const fn of(locale: Locale) -> &'static $words {
                match locale {
                    Locale::Spanish => &SPANISH,
                    Locale::Portuguese => &PORTUGUESE,
                    Locale::English => &ENGLISH,
                }
            }
        }
    };
}

pub(super) use words;

/// `text` with `{1}`, `{2}`, … filled in.
pub(super) fn filled(text: &str, values: &[&dyn Display]) -> String {
    let fill = |text: String, (index, value): (usize, &&dyn Display)| {
        text.replace(&format!("{{{}}}", index + 1), &value.to_string())
    };
    values.iter().enumerate().fold(text.to_owned(), fill)
}

words! {
    PanelWords;
    panel: "Panel", "Painel", "Panel";
    skip: "Ir al contenido", "Ir para o conteúdo", "Skip to content";
    rooms: "Secciones", "Seções", "Rooms";
    language: "Idioma", "Idioma", "Language";
    account: "Cuenta", "Conta", "Account";
    switch_account: "Cambiar de cuenta", "Trocar de conta", "Switch account";
    log_out: "Cerrar sesión", "Sair", "Log out";
    log_in: "Iniciar sesión", "Entrar", "Log in";
    log_in_lead: "Entrá con tu correo o tu usuario.", "Entre com seu e-mail ou usuário.", "Log in with your e-mail or your user name.";
    sign_up: "Crear una cuenta", "Criar uma conta", "Create an account";
    sign_up_lead: "Con la cuenta podés crear aplicaciones y probar pagos enseguida.", "Com a conta você cria aplicações e testa pagamentos na hora.", "With an account you can make applications and try payments at once.";
    have_account: "Ya tengo una cuenta", "Já tenho uma conta", "I have an account";
    email: "Correo electrónico", "E-mail", "E-mail";
    email_or_user: "Correo o usuario", "E-mail ou usuário", "E-mail or user name";
    password: "Contraseña", "Senha", "Password";
    password_hint: "Al menos 8 caracteres.", "Pelo menos 8 caracteres.", "At least 8 characters.";
    seller_name: "Nombre que ven los compradores", "Nome que os compradores veem", "Name that buyers see";
    site: "País", "País", "Country";
    terms: "Acepto los términos y condiciones y la declaración de privacidad de esta plataforma.", "Aceito os termos e condições e a declaração de privacidade desta plataforma.", "I accept this platform's terms and conditions and its privacy statement.";
    wrong_login: "El nombre o la contraseña no son correctos.", "O nome ou a senha não estão corretos.", "The name or the password is not right.";
    too_many_tries: "Hubo demasiados intentos. Probá de nuevo más tarde.", "Houve tentativas demais. Tente de novo mais tarde.", "There were too many tries. Try again later.";
    bad_email: "El correo no es válido.", "O e-mail não é válido.", "The e-mail is not one.";
    bad_name: "Escribí un nombre de hasta 80 caracteres.", "Escreva um nome de até 80 caracteres.", "Write a name of at most 80 characters.";
    bad_password: "La contraseña debe tener entre 8 y 256 caracteres y ser distinta del nombre.", "A senha deve ter entre 8 e 256 caracteres e ser diferente do nome.", "The password must have between 8 and 256 characters and must not be the name.";
    email_taken: "Ya hay una cuenta con ese correo.", "Já existe uma conta com esse e-mail.", "There is an account with this e-mail already.";
    terms_needed: "Para crear la cuenta hay que aceptar los términos.", "Para criar a conta é preciso aceitar os termos.", "To create the account, the terms must be accepted.";
    form_expired: "El formulario ya no es válido. Volvé atrás, recargá la página y probá otra vez.", "O formulário não é mais válido. Volte, recarregue a página e tente outra vez.", "The form is not valid any more. Go back, load the page again, and try once more.";
    not_allowed: "Tu rol no permite hacer esto.", "Seu papel não permite fazer isto.", "Your role does not allow this.";
    not_found: "Esto no existe, o no es de esta cuenta.", "Isto não existe, ou não é desta conta.", "This is not there, or not this account's.";
    busy: "La plataforma está ocupada. Probá de nuevo en un momento.", "A plataforma está ocupada. Tente de novo em um momento.", "The platform is busy. Try again in a moment.";
    broken: "Algo falló de nuestro lado.", "Algo falhou do nosso lado.", "Something failed on our side.";
    not_done: "No se pudo hacer:", "Não foi possível:", "This could not be done:";
    home: "Inicio", "Início", "Home";
    email_confirm: "Confirmá tu correo", "Confirme seu e-mail", "Confirm your e-mail";
    email_confirm_lead: "Hasta entonces los pagos con este correo no son tuyos, y no podés invitar a nadie. Mandamos un código a", "Até lá os pagamentos com este e-mail não são seus, e você não pode convidar ninguém. Enviamos um código para", "Until then payments with this e-mail are not yours, and you can invite nobody. A code was sent to";
    email_another_code: "Mandar otro código", "Enviar outro código", "Send another code";
    leave: "Dejar esta cuenta", "Sair desta conta", "Leave this account";
    leave_lead: "Ya no vas a poder actuar en ella, hasta que alguien te sume otra vez.", "Você não vai mais poder agir nela, até que alguém inclua você de novo.", "You can act for it no more, until somebody adds you again.";
    attention: "Para atender", "Para resolver", "What needs attention";
    nothing_to_do: "No hay nada pendiente.", "Não há nada pendente.", "Nothing is waiting for you.";
    no_application_yet: "Todavía no hay ninguna aplicación. Creá una para tener credenciales.", "Ainda não há nenhuma aplicação. Crie uma para ter credenciais.", "There is no application yet. Make one to have credentials.";
    live_inactive: "Las credenciales de producción todavía no funcionan.", "As credenciais de produção ainda não funcionam.", "The live credentials do not work yet.";
    in_grace: "Las credenciales anteriores dejan de funcionar el", "As credenciais anteriores deixam de funcionar em", "The credentials before the current ones stop working on";
    no_webhook: "No tiene dirección para notificaciones de prueba ni de producción.", "Não tem endereço para notificações de teste nem de produção.", "It has no address for notifications, neither test nor live.";
    applications: "Aplicaciones", "Aplicações", "Applications";
    quality: "Calidad", "Qualidade", "Quality";
    going_live: "Salida a producción", "Ida para produção", "Going live";
    new_application: "Nueva aplicación", "Nova aplicação", "New application";
    name: "Nombre", "Nome", "Name";
    create: "Crear", "Criar", "Create";
    number: "Número", "Número", "Number";
    state: "Estado", "Estado", "State";
    active: "En producción", "Em produção", "Live";
    inactive: "Solo pruebas", "Somente testes", "Test only";
    credentials: "Credenciales", "Credenciais", "Credentials";
    test_credentials: "Credenciales de prueba", "Credenciais de teste", "Test credentials";
    live_credentials: "Credenciales de producción", "Credenciais de produção", "Live credentials";
    oauth_credentials: "Credenciales de OAuth", "Credenciais de OAuth", "OAuth credentials";
    public_key: "Public key", "Public key", "Public key";
    access_token: "Access token", "Access token", "Access token";
    asked_token: "Access token pedido por OAuth", "Access token pedido por OAuth", "Access token asked for by OAuth";
    client_id: "Client ID", "Client ID", "Client ID";
    client_secret: "Client secret", "Client secret", "Client secret";
    webhook_secret: "Clave de webhooks", "Chave de webhooks", "Webhook secret";
    reveal: "Mostrar los secretos", "Mostrar os segredos", "Reveal the secrets";
    hidden: "oculto", "oculto", "hidden";
    not_kept: "No se guardó; renová para tener uno nuevo.", "Não foi guardado; renove para ter um novo.", "It was not kept; renew to have a new one.";
    copy: "Copiar", "Copiar", "Copy";
    copied: "Copiado", "Copiado", "Copied";
    last_used: "Último uso", "Último uso", "Last used";
    never: "nunca", "nunca", "never";
    renew: "Renovar", "Renovar", "Renew";
    renew_text: "Crea credenciales nuevas. Las anteriores siguen funcionando durante el plazo elegido.", "Cria credenciais novas. As anteriores continuam funcionando durante o prazo escolhido.", "Makes new credentials. The ones before go on working for the chosen time.";
    old_ones_work: "Las anteriores siguen funcionando", "As anteriores continuam funcionando", "The ones before go on working";
    not_at_all: "nada: se cortan ya", "nada: param já", "not at all: they stop now";
    one_hour: "1 hora", "1 hora", "1 hour";
    twelve_hours: "12 horas", "12 horas", "12 hours";
    one_day: "1 día", "1 dia", "1 day";
    seven_days: "7 días", "7 dias", "7 days";
    renewed_meanwhile: "Ya fueron renovadas mientras tanto; mirá las actuales.", "Já foram renovadas nesse meio-tempo; veja as atuais.", "They were renewed meanwhile; look at the current ones.";
    old_until: "Funcionan hasta", "Funcionam até", "Work until";
    settings: "Datos de la aplicación", "Dados da aplicação", "Settings";
    short_name: "Nombre corto", "Nome curto", "Short name";
    description: "Descripción", "Descrição", "Description";
    industry: "Rubro", "Setor", "Industry";
    site_url: "Sitio de producción", "Site de produção", "Production site";
    product: "Producto", "Produto", "Product";
    platform: "Plataforma de comercio", "Plataforma de comércio", "E-commerce platform";
    redirect_url: "Redirect URL (OAuth)", "Redirect URL (OAuth)", "Redirect URL (OAuth)";
    pkce: "Exigir PKCE", "Exigir PKCE", "Demand PKCE";
    none: "ninguno", "nenhum", "none";
    save: "Guardar", "Salvar", "Save";
    saved: "Guardado.", "Salvo.", "Saved.";
    created: "Creada.", "Criada.", "Created.";
    deleted: "Eliminada.", "Excluída.", "Deleted.";
    delete: "Eliminar", "Excluir", "Delete";
    delete_application: "Eliminar la aplicación", "Excluir a aplicação", "Delete the application";
    delete_text: "Es definitivo: todas sus credenciales y permisos dejan de funcionar ya. Para confirmar, escribí su número.", "É definitivo: todas as credenciais e permissões param já. Para confirmar, escreva o número.", "It is for good: all its credentials and grants stop at once. To confirm, write its number.";
    delete_unconfirmed: "El número no coincide; no se eliminó nada.", "O número não confere; nada foi excluído.", "The number is another one; nothing was deleted.";
    people: "Personas", "Pessoas", "People";
    people_lead: "Quiénes pueden actuar por la cuenta, y qué pueden hacer.", "Quem pode agir pela conta, e o que pode fazer.", "Who may act for the account, and what they may do.";
    role: "Rol", "Papel", "Role";
    owner: "Dueño", "Dono", "Owner";
    developer: "Desarrollo", "Desenvolvimento", "Developer";
    finance: "Finanzas", "Finanças", "Finance";
    read_only: "Solo lectura", "Somente leitura", "Read-only";
    since: "Desde", "Desde", "Since";
    add_person: "Invitar a una persona", "Convidar uma pessoa", "Invite somebody";
    add_person_hint: "Recibe un enlace por correo, y acepta con su propia cuenta de esta plataforma. Quien ya actúa por la cuenta recibe el rol enseguida.", "Recebe um link por e-mail e aceita com sua própria conta nesta plataforma. Quem já age pela conta recebe o papel na hora.", "They are sent a link by e-mail, and accept with an account of their own on this platform. Who acts for the account already gets the role at once.";
    add: "Invitar", "Convidar", "Invite";
    invited: "Invitaciones abiertas", "Convites abertos", "Open invitations";
    invited_until: "Vale hasta", "Vale até", "Good until";
    withdraw: "Retirar", "Retirar", "Withdraw";
    invitation: "Invitación", "Convite", "Invitation";
    invitation_lead: "te invita a actuar por su cuenta, con el rol", "convida você a agir pela conta, com o papel", "invites you to act for its account, with the role";
    invitation_accept: "Aceptar", "Aceitar", "Accept";
    invitation_decline: "No aceptar", "Não aceitar", "Don't accept";
    invitation_gone: "La invitación ya no vale, o es para otro correo. Iniciá sesión con el correo al que llegó.", "O convite não vale mais, ou é para outro e-mail. Entre com o e-mail que o recebeu.", "The invitation is not good any more, or is for another e-mail. Log in with the e-mail that it was sent to.";
    remove: "Quitar", "Remover", "Remove";
    removed: "Quitada.", "Removida.", "Removed.";
    audit: "Registro", "Registro", "Log";
    audit_lead: "Actos sensibles, los más recientes primero.", "Atos sensíveis, os mais recentes primeiro.", "Sensitive acts, the newest first.";
    when: "Cuándo", "Quando", "When";
    who: "Quién", "Quem", "Who";
    what: "Qué", "O quê", "What";
    detail: "Detalle", "Detalhe", "Detail";
    older: "Anteriores", "Anteriores", "Older";
    oauth_title: "Conectar una aplicación", "Conectar uma aplicação", "Connect an application";
    oauth_asks: "pide actuar por la cuenta", "pede para agir pela conta", "asks to act for the account";
    oauth_may: "Podrá:", "Poderá:", "It will be able to:";
    oauth_allow: "Permitir", "Permitir", "Allow";
    oauth_deny: "No permitir", "Não permitir", "Don't allow";
    oauth_back: "Volver a la aplicación", "Voltar à aplicação", "Back to the application";
    oauth_unknown: "La aplicación que pide permiso no existe.", "A aplicação que pede permissão não existe.", "The application that asks is not there.";
    oauth_wrong_address: "La dirección de retorno no es la que registró la aplicación.", "O endereço de retorno não é o que a aplicação registrou.", "The address to return to is not the one that the application registered.";
    scope_read: "ver pagos, clientes y preferencias", "ver pagamentos, clientes e preferências", "see payments, customers and preferences";
    scope_write: "cobrar y devolver en nombre de la cuenta", "cobrar e devolver em nome da conta", "charge and refund for the account";
    scope_offline: "seguir haciéndolo sin volver a preguntar", "continuar fazendo sem perguntar de novo", "go on doing so without asking again";
    connected: "Aplicaciones conectadas", "Aplicações conectadas", "Connected applications";
    connected_lead: "Aplicaciones de otros que pueden actuar por esta cuenta.", "Aplicações de terceiros que podem agir por esta conta.", "Applications of others that may act for this account.";
    disconnect: "Desconectar", "Desconectar", "Disconnect";
    pix_keys: "Claves Pix", "Chaves Pix", "Pix keys";
    pix_lead: "Sin una clave activa, Pix no se ofrece en ningún lado.", "Sem uma chave ativa, o Pix não é oferecido em lugar nenhum.", "Without an active key, Pix is not offered anywhere.";
    pix_missing: "No se ofrece Pix: falta una clave.", "O Pix não é oferecido: falta uma chave.", "Pix is not offered: there is no key.";
    pix_key: "Clave", "Chave", "Key";
    pix_type: "Tipo", "Tipo", "Type";
    pix_random: "Clave aleatoria", "Chave aleatória", "Random key";
    pix_phone: "Celular", "Celular", "Mobile phone";
    pix_active: "Activa", "Ativa", "Active";
    pix_pending: "Falta el código", "Falta o código", "Waits for its code";
    pix_code: "Código recibido", "Código recebido", "Code that was received";
    pix_prove: "Confirmar", "Confirmar", "Confirm";
    pix_register: "Registrar una clave", "Cadastrar uma chave", "Register a key";
    pix_register_hint: "La clave aleatoria se genera sola; CPF o CNPJ deben ser los de la cuenta; a un correo o un celular se envía un código.", "A chave aleatória é gerada sozinha; CPF ou CNPJ devem ser os da conta; a um e-mail ou celular é enviado um código.", "A random key is drawn by itself; a CPF or CNPJ must be the account's own; an e-mail or a mobile phone is sent a code.";
    policies: "Políticas y contacto", "Políticas e contato", "Policies and contact";
    policies_lead: "Lo que ven los compradores en el checkout, y lo que dice el resumen de su tarjeta.", "O que os compradores veem no checkout, e o que diz a fatura do cartão.", "What buyers see on the checkout, and what their card's statement says.";
    terms_url: "Términos y condiciones (https)", "Termos e condições (https)", "Terms and conditions (https)";
    support_email: "Correo de atención", "E-mail de atendimento", "E-mail for buyers";
    support_phone: "Teléfono de atención", "Telefone de atendimento", "Phone for buyers";
    support_url: "Página de atención (https)", "Página de atendimento (https)", "Page for buyers (https)";
    statement_descriptor: "Texto en el resumen de la tarjeta", "Texto na fatura do cartão", "Text on card statements";
    branding: "Aspecto del checkout", "Aparência do checkout", "How the checkout looks";
    branding_name: "Nombre que se muestra", "Nome que é mostrado", "Name that is shown";
    branding_color: "Color", "Cor", "Color";
    logo: "Logo", "Logo", "Logo";
    logo_rule: "Una imagen PNG de hasta {1} KB y hasta {2} × {2} píxeles.", "Uma imagem PNG de até {1} KB e até {2} × {2} pixels.", "A PNG picture of up to {1} KB and up to {2} × {2} pixels.";
    logo_upload: "Subir el logo", "Enviar o logo", "Upload the logo";
    logo_remove: "Quitar el logo", "Remover o logo", "Remove the logo";
    logo_none: "Sin logo, el checkout muestra la inicial del nombre.", "Sem logo, o checkout mostra a inicial do nome.", "Without a logo, the checkout shows the name's first letter.";
    logo_shown: "Así se ve en el checkout.", "É assim que aparece no checkout.", "This is how the checkout shows it.";
    forgot: "Olvidé mi contraseña", "Esqueci minha senha", "I forgot my password";
    recover: "Recuperar la contraseña", "Recuperar a senha", "Recover the password";
    recover_lead: "Te mandamos un enlace para elegir otra.", "Enviamos um link para escolher outra.", "We send a link by which to choose another one.";
    recover_send: "Mandar el enlace", "Enviar o link", "Send the link";
    recover_sent: "Si alguien entra con ese nombre, el enlace va en camino a su correo. Vale por 30 minutos.", "Se alguém entra com esse nome, o link está a caminho do e-mail. Vale por 30 minutos.", "If anybody logs in with this name, the link is on its way to their e-mail. It is good for 30 minutes.";
    recover_gone: "El enlace ya no es válido. Pedí otro.", "O link não é mais válido. Peça outro.", "The link is not valid any more. Ask for another one.";
    new_password: "Contraseña nueva", "Senha nova", "New password";
    current_password: "Contraseña actual", "Senha atual", "Current password";
    change_password: "Cambiar la contraseña", "Mudar a senha", "Change the password";
    change_password_text: "Se cierran todas tus sesiones y se desconectan las aplicaciones de otros.", "Todas as suas sessões são encerradas e os aplicativos de terceiros, desconectados.", "All of your sessions end, and applications of others are disconnected.";
    password_changed: "La contraseña fue cambiada. Iniciá sesión con la nueva.", "A senha foi alterada. Entre com a nova.", "The password was changed. Log in with the new one.";
    code: "Código", "Código", "Code";
    code_lead: "Escribí el código que muestra tu aplicación, o uno de tus códigos de recuperación.", "Escreva o código que seu aplicativo mostra, ou um dos seus códigos de recuperação.", "Write the code that your app shows, or one of your recovery codes.";
    wrong_code: "El código es otro, o ya fue usado.", "O código é outro, ou já foi usado.", "The code is another one, or was used already.";
    wrong_password: "La contraseña es otra.", "A senha é outra.", "The password is another one.";
    code_needed: "También hace falta el código de tu aplicación.", "Também é preciso o código do seu aplicativo.", "The code of your app is needed, too.";
    login_too_late: "Pasó demasiado tiempo. Empezá de nuevo.", "Passou tempo demais. Comece de novo.", "It took too long. Begin again.";
    security: "Seguridad", "Segurança", "Security";
    security_lead: "Tu propio ingreso, en todas las cuentas por las que actuás.", "Sua própria entrada, em todas as contas pelas quais você age.", "Your own login, for all accounts that you act for.";
    second_factor: "Segundo factor", "Segundo fator", "Second factor";
    second_factor_off: "Con un segundo factor, quien conozca tu contraseña no entra sin tu teléfono.", "Com um segundo fator, quem souber sua senha não entra sem o seu celular.", "With a second factor, whoever knows your password does not get in without your phone.";
    second_factor_since: "Tu ingreso pide un código desde el", "Sua entrada pede um código desde", "Your login asks for a code since";
    recovery_codes_left: "Códigos de recuperación sin usar:", "Códigos de recuperação não usados:", "Recovery codes that were not used:";
    second_factor_begin: "Activar el segundo factor", "Ativar o segundo fator", "Turn the second factor on";
    second_factor_scan: "Escaneá el código con tu aplicación de autenticación, o escribí la clave en ella. Después escribí el código que muestra.", "Escaneie o código com seu aplicativo de autenticação, ou escreva a chave nele. Depois escreva o código que ele mostra.", "Scan the code with your authenticator app, or type the key into it. Then write the code that it shows.";
    second_factor_key: "Clave", "Chave", "Key";
    second_factor_confirm: "Confirmar el código", "Confirmar o código", "Confirm the code";
    second_factor_on: "El segundo factor está activo", "O segundo fator está ativo", "The second factor is on";
    second_factor_codes: "Anotá estos códigos y guardalos lejos del teléfono. Cada uno sirve una vez, cuando no lo tengas. No se muestran de nuevo.", "Anote estes códigos e guarde-os longe do celular. Cada um vale uma vez, quando você estiver sem ele. Eles não são mostrados de novo.", "Write these codes down and keep them away from the phone. Each is good once, when you don't have it. They are not shown again.";
    second_factor_remove: "Quitar el segundo factor", "Remover o segundo fator", "Take the second factor away";
    second_factor_removed: "Tu ingreso ya no pide un código.", "Sua entrada não pede mais um código.", "Your login asks for a code no more.";
    recovery_codes: "Códigos de recuperación", "Códigos de recuperação", "Recovery codes";
    shares: "Credenciales compartidas", "Credenciais compartilhadas", "Shared credentials";
    shares_text: "Quien no tiene un rol en la cuenta ve las credenciales de esta aplicación, y nada más. Dejá de compartirlas cuando termine su trabajo.", "Quem não tem um papel na conta vê as credenciais desta aplicação, e nada mais. Pare de compartilhá-las quando o trabalho terminar.", "People without a role in the account see this application's credentials, and nothing else. Stop sharing them when their work is done.";
    share_hint: "Tiene que ser el correo de una cuenta de esta plataforma.", "Tem que ser o e-mail de uma conta desta plataforma.", "It must be the e-mail of an account on this platform.";
    share: "Compartir", "Compartilhar", "Share";
    unshare: "Dejar de compartir", "Parar de compartilhar", "Stop sharing";
    shared: "Compartidas con vos", "Compartilhadas com você", "Shared with you";
    shared_by: "Las credenciales que comparte con vos", "As credenciais que compartilha com você", "The credentials that are shared with you by";
    shared_remove: "Quitar de mi lista", "Remover da minha lista", "Take off my list";
    nothing_yet: "Todavía nada.", "Ainda nada.", "Nothing yet.";
}
