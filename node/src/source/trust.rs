//! Why a server's certificate is not trusted, in words: what TLS reports as a
//! connection that broke.

use std::io;

use rustls::CertificateError;

/// What is wrong with the certificate, where that is what went wrong.
pub(super) fn distrust(error: &io::Error) -> Option<&'static str> {
    let found = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(problem) = found else { return None };
    Some(match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than the address has"
        }
        // Another authority of the same name did not sign it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the authority of its certificate is not a known one"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired"
        }
        _ => "its certificate is not valid",
    })
}
