//! What a person is told by mail of its own login, in the panel's three languages: nobody knows which one is read.

use crate::Engine;
use pasarela_domain::identity::AccountId;

const SUBJECT: &str = "Pasarela";

/// What happened to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    PasswordChanged,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodeUsed { left: usize },
    CodesGuessed,
}

const NOT_YOU: &str = "Si no fuiste vos, recuperá tu contraseña en el panel ahora y avisá a quien opera la plataforma.\r\n\
    Se não foi você, recupere sua senha no painel agora e avise quem opera a plataforma.\r\n\
    If it was not you, recover your password in the panel now, and tell whoever operates the platform.";

impl Notice {
    fn text(self) -> String {
        let what = match self {
            Notice::PasswordChanged => {
                "Tu contraseña fue cambiada y todas tus sesiones se cerraron.\r\n\
                 Sua senha foi alterada e todas as suas sessões foram encerradas.\r\n\
                 Your password was changed, and all of your sessions have ended."
            }
            Notice::SecondFactorOn => {
                "Desde ahora tu ingreso pide un código de tu aplicación.\r\n\
                 A partir de agora sua entrada pede um código do seu aplicativo.\r\n\
                 From now on your login asks for a code of your app."
            }
            Notice::SecondFactorOff => {
                "Tu ingreso ya no pide un código.\r\n\
                 Sua entrada não pede mais um código.\r\n\
                 Your login asks for a code no more."
            }
            Notice::RecoveryCodeUsed { left } => {
                return format!(
                    "Se usó uno de tus códigos de recuperación; quedan {left}.\r\n\
                     Um dos seus códigos de recuperação foi usado; restam {left}.\r\n\
                     One of your recovery codes was used; {left} are left.\r\n\r\n{NOT_YOU}"
                );
            }
            Notice::CodesGuessed => {
                "Alguien que conoce tu contraseña dijo varios códigos equivocados.\r\n\
                 Alguém que conhece sua senha disse vários códigos errados.\r\n\
                 Somebody who knows your password said several wrong codes."
            }
        };
        format!("{what}\r\n\r\n{NOT_YOU}")
    }
}

impl Engine {
    /// Tells a person. What happened has happened, whether it can be told or not.
    pub(crate) async fn notify_person(&self, person_id: AccountId, notice: Notice) {
        let told = async {
            let Some(account) = self.account(person_id).await? else { return Ok(()) };
            self.post_message(&account.email, SUBJECT, &notice.text()).await
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, person_id, ?notice, "a person was not told of what happened to its login");
        }
    }
}
